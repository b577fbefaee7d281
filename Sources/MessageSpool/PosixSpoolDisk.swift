internal import NIOCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The file system of this machine.
package struct PosixSpoolDisk: SpoolDisk {
  package init() {}

  package func makeFolders(_ path: String) throws(SpoolError) {
    var made = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      made += made.isEmpty || made == "/" ? String(part) : "/\(part)"
      if mkdir(made, 0o755) != 0, errno != EEXIST { throw .disk(.createFolder, path: made, code: errno) }
    }
  }

  package func names(in folder: String) throws(SpoolError) -> [String] {
    guard let entries = opendir(folder) else { throw .disk(.list, path: folder, code: errno) }
    defer { closedir(entries) }
    var names: [String] = []
    while let found = readdir(entries) {
      names.append(
        withUnsafePointer(to: &found.pointee.d_name) { pointer in
          pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    return names
  }

  package func open(_ path: String, isNew: Bool) throws(SpoolError) -> any SpoolFile {
    let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (isNew ? O_CREAT | O_TRUNC : 0)
    let descriptor = openFile(path, flags)
    guard descriptor >= 0 else { throw .disk(isNew ? .create : .open, path: path, code: errno) }
    return PosixSpoolFile(descriptor: descriptor, path: path)
  }

  package func remove(_ path: String) throws(SpoolError) {
    if unlink(path) != 0 { throw .disk(.remove, path: path, code: errno) }
  }

  package func syncFolder(_ path: String) throws(SpoolError) {
    let descriptor = openFile(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .disk(.open, path: path, code: errno) }
    defer { close(descriptor) }
    if fsync(descriptor) != 0 { throw .disk(.sync, path: path, code: errno) }
  }

  package func freeBytes(at path: String) throws(SpoolError) -> Int {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { throw .disk(.measure, path: path, code: errno) }
    return Int(status.f_bavail) * Int(status.f_frsize)
  }

  package func lock(_ path: String) throws(SpoolError) -> SpoolLock? {
    let descriptor = openFile(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { throw .disk(.lock, path: path, code: errno) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      close(descriptor)
      if code == EWOULDBLOCK { return nil }
      throw .disk(.lock, path: path, code: code)
    }
    return SpoolLock(descriptor: descriptor)
  }

  package var bootID: String? {
    let descriptor = openFile("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    let file = PosixSpoolFile(descriptor: descriptor, path: "boot_id")
    guard let text = try? file.read(at: 0, count: 36) else { return nil }
    return String(buffer: text)
  }

  // What drones and phones send is nobody else's business, so files are for this user only.
  private func openFile(_ path: String, _ flags: Int32) -> Int32 {
    #if canImport(Glibc)
      Glibc.open(path, flags, 0o600)
    #else
      Darwin.open(path, flags, 0o600)
    #endif
  }
}

/// A lock that is given back when this object goes. Its file stays: removing it would let two processes lock two files.
package final class SpoolLock: Sendable {
  private let descriptor: Int32

  init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }
}

private final class PosixSpoolFile: SpoolFile {
  private let descriptor: Int32
  private let path: String

  init(descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit { close(descriptor) }

  func size() throws(SpoolError) -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .disk(.read, path: path, code: errno) }
    return Int(status.st_size)
  }

  func write(_ bytes: ByteBuffer, at offset: Int) -> (written: Int, error: SpoolError?) {
    bytes.withUnsafeReadableBytes { memory in
      var done = 0
      while done < memory.count {
        let rest = UnsafeRawBufferPointer(rebasing: memory[done...])
        let written = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
        if written < 0 {
          if errno == EINTR { continue }
          return (done, .disk(.write, path: path, code: errno))
        }
        done += written
      }
      return (done, nil)
    }
  }

  func read(at offset: Int, count: Int) throws(SpoolError) -> ByteBuffer {
    var buffer = ByteBufferAllocator().buffer(capacity: count)
    while buffer.readableBytes < count {
      let place = off_t(offset + buffer.readableBytes)
      let wanted = count - buffer.readableBytes
      var code: Int32 = 0
      let read = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { memory in
        let read = pread(descriptor, memory.baseAddress, wanted, place)
        if read < 0 { code = errno }
        return max(0, read)
      }
      if read > 0 || code == EINTR { continue }
      guard code == 0 else { throw .disk(.read, path: path, code: code) }
      break
    }
    return buffer
  }

  func truncate(to size: Int) throws(SpoolError) {
    if ftruncate(descriptor, off_t(size)) != 0 { throw .disk(.truncate, path: path, code: errno) }
  }

  func sync() throws(SpoolError) {
    #if canImport(Glibc)
      let failed = fdatasync(descriptor) != 0
    #else
      let failed = fsync(descriptor) != 0
    #endif
    if failed { throw .disk(.sync, path: path, code: errno) }
  }
}
