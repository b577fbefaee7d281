public import NIOCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// An open file, closed when nobody refers to it any more. Calls block.
public final class OpenFile: Sendable {
  public let path: String
  let descriptor: Int32

  init(descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit { close(descriptor) }

  /// Opens a file. Links are not followed, and children of this process do not get it.
  /// - Parameters:
  ///   - flags: `O_RDWR | O_CREAT`….
  ///   - mode: of a file that is made.
  public convenience init(
    _ path: String, flags: Int32, mode: mode_t, for operation: FileOperation = .open
  ) throws(FileFailure) {
    let descriptor = open(path, flags | O_CLOEXEC | O_NOFOLLOW, mode)
    guard descriptor >= 0 else { throw FileFailure(operation, path, code: errno) }
    self.init(descriptor: descriptor, path: path)
  }

  public func size() throws(FileFailure) -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileFailure(.read, path, code: errno) }
    return Int(status.st_size)
  }

  /// Writes as much as possible at an offset.
  /// - Returns: bytes written, and why they are not all.
  public func write(_ bytes: ByteBuffer, at offset: Int) -> (written: Int, failure: FileFailure?) {
    bytes.withUnsafeReadableBytes { memory in
      var done = 0
      while done < memory.count {
        let rest = UnsafeRawBufferPointer(rebasing: memory[done...])
        let written = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
        if written < 0 {
          if errno == EINTR { continue }
          return (done, FileFailure(.write, path, code: errno))
        }
        done += written
      }
      return (done, nil)
    }
  }

  /// As many bytes as asked for, or fewer at the end of the file.
  public func read(at offset: Int, count: Int) throws(FileFailure) -> ByteBuffer {
    var buffer = ByteBuffer()
    var code: Int32?
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: max(0, count)) { memory in
      var done = 0
      while done < count {
        let rest = UnsafeMutableRawBufferPointer(rebasing: memory[done..<count])
        let got = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
        if got < 0, errno == EINTR { continue }
        if got < 0 { code = errno }
        if got <= 0 { break }
        done += got
      }
      return done
    }
    if let code { throw FileFailure(.read, path, code: code) }
    return buffer
  }

  public func truncate(to size: Int) throws(FileFailure) {
    if ftruncate(descriptor, off_t(size)) != 0 { throw FileFailure(.truncate, path, code: errno) }
  }

  /// Makes the content last through a power cut.
  public func sync() throws(FileFailure) {
    #if canImport(Glibc)
      let failed = fdatasync(descriptor) != 0
    #else
      let failed = fsync(descriptor) != 0
    #endif
    if failed { throw FileFailure(.sync, path, code: errno) }
  }
}
