import NIOCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The file system of this machine.
package struct PosixDisk: Disk {
  package init() {}

  package func makeFolders(_ path: String) throws(RecordingError) {
    var made = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      made += made.isEmpty || made == "/" ? String(part) : "/\(part)"
      if mkdir(made, 0o755) != 0, errno != EEXIST { throw .disk(.createFolder, path: made, code: errno) }
    }
  }

  package func makeNewFolder(_ path: String) throws(RecordingError) -> Bool {
    if mkdir(path, 0o755) == 0 { return true }
    guard errno == EEXIST else { throw .disk(.createFolder, path: path, code: errno) }
    return false
  }

  package func create(_ path: String) throws(RecordingError) -> any DiskFile {
    let descriptor = systemOpen(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { throw .disk(.create, path: path, code: errno) }
    return PosixFile(descriptor: descriptor, path: path)
  }

  package func open(_ path: String) throws(RecordingError) -> any DiskFile {
    let descriptor = systemOpen(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { throw .disk(.open, path: path, code: errno) }
    return PosixFile(descriptor: descriptor, path: path)
  }

  package func rename(_ path: String, to newPath: String) throws(RecordingError) {
    if systemRename(path, newPath) != 0 { throw .disk(.rename, path: path, code: errno) }
  }

  package func remove(_ path: String) throws(RecordingError) {
    if unlink(path) != 0 { throw .disk(.remove, path: path, code: errno) }
  }

  package func removeFolder(_ path: String) throws(RecordingError) {
    for entry in try entries(of: path) {
      let inner = "\(path)/\(entry.name)"
      if entry.isFolder { try removeFolder(inner) } else { try remove(inner) }
    }
    if rmdir(path) != 0 { throw .disk(.remove, path: path, code: errno) }
  }

  package func syncFolder(_ path: String) throws(RecordingError) {
    let descriptor = systemOpen(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .disk(.open, path: path, code: errno) }
    defer { close(descriptor) }
    if fsync(descriptor) != 0 { throw .disk(.sync, path: path, code: errno) }
  }

  package func entries(of path: String) throws(RecordingError) -> [DiskEntry] {
    guard let folder = opendir(path) else { throw .disk(.open, path: path, code: errno) }
    defer { closedir(folder) }
    var entries: [DiskEntry] = []
    while let found = readdir(folder) {
      let name = withUnsafePointer(to: &found.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name == "." || name == ".." { continue }
      var status = stat()
      guard lstat("\(path)/\(name)", &status) == 0 else { continue }
      let kind = status.st_mode & S_IFMT
      #if canImport(Glibc)
        let modified = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9
      #else
        let modified = Double(status.st_mtimespec.tv_sec) + Double(status.st_mtimespec.tv_nsec) / 1e9
      #endif
      entries.append(
        DiskEntry(
          name: name, isFolder: kind == S_IFDIR, isSpecial: kind != S_IFDIR && kind != S_IFREG,
          bytes: Int(status.st_size), modified: modified))
    }
    return entries.sorted { $0.name < $1.name }
  }

  package func space(at path: String) throws(RecordingError) -> DiskSpace {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { throw .disk(.measure, path: path, code: errno) }
    let block = Int(status.f_frsize)
    return DiskSpace(freeBytes: Int(status.f_bavail) * block, totalBytes: Int(status.f_blocks) * block)
  }

  package func lock(_ path: String) throws(RecordingError) -> DiskLock? {
    let descriptor = systemOpen(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { throw .disk(.lock, path: path, code: errno) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      close(descriptor)
      if code == EWOULDBLOCK { return nil }
      throw .disk(.lock, path: path, code: code)
    }
    return DiskLock(descriptor: descriptor, path: path)
  }

  package func isLocked(_ path: String) throws(RecordingError) -> Bool {
    let descriptor = systemOpen(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { throw .disk(.lock, path: path, code: errno) }
    // Closing gives back what this takes; the file stays, for it is not ours.
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }
}

/// A lock that is given back when this object goes.
package final class DiskLock: Sendable {
  private let descriptor: Int32
  private let path: String

  init(descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit {
    unlink(path)
    close(descriptor)
  }
}

private final class PosixFile: DiskFile {
  let path: String
  private let descriptor: Int32

  init(descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit { close(descriptor) }

  func size() throws(RecordingError) -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .disk(.read, path: path, code: errno) }
    return Int(status.st_size)
  }

  func write(_ bytes: ByteBuffer, at offset: Int) throws(RecordingError) {
    let code: Int32? = bytes.withUnsafeReadableBytes { memory in
      var done = 0
      while done < memory.count {
        let rest = UnsafeRawBufferPointer(rebasing: memory[done...])
        let written = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
        if written < 0 {
          if errno == EINTR { continue }
          return errno
        }
        done += written
      }
      return nil
    }
    if let code { throw .disk(.write, path: path, code: code) }
  }

  func read(at offset: Int, count: Int) throws(RecordingError) -> ByteBuffer {
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
    if let code { throw .disk(.read, path: path, code: code) }
    return buffer
  }

  func truncate(to size: Int) throws(RecordingError) {
    if ftruncate(descriptor, off_t(size)) != 0 { throw .disk(.truncate, path: path, code: errno) }
  }

  func sync() throws(RecordingError) {
    #if canImport(Glibc)
      let status = fdatasync(descriptor)
    #else
      let status = fsync(descriptor)
    #endif
    if status != 0 { throw .disk(.sync, path: path, code: errno) }
  }
}

/// `open`, `rename`: under names that the methods above do not hide.
private func systemOpen(_ path: String, _ flags: Int32) -> Int32 { open(path, flags, 0o644) }
private func systemRename(_ path: String, _ newPath: String) -> Int32 { rename(path, newPath) }
