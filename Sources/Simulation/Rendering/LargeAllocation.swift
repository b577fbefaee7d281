#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Memory for tables that are read all over: aligned to 2 MiB and, on Linux, backed by pages of that size where the
/// system has them. Texture look-ups jump between thousands of small pages otherwise, and wait for their addresses.
///
/// - Returns: uninitialised memory for `count` elements, to be freed with `UnsafeMutableRawPointer.deallocate()`.
func allocateLarge<Element>(_ count: Int, of type: Element.Type) -> UnsafeMutablePointer<Element> {
  let pageSize = 2 << 20
  let bytes = (count * MemoryLayout<Element>.stride + pageSize - 1) & ~(pageSize - 1)
  let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: pageSize)
  #if os(Linux)
    // Advice only: without large pages everything works the same, slower.
    _ = madvise(memory, bytes, MADV_HUGEPAGE)
  #endif
  return memory.bindMemory(to: type, capacity: count)
}
