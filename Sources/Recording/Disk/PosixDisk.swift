import NIOCore
package import PosixFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The file system of this machine.
package struct PosixDisk: Disk {
  private static let mode: mode_t = 0o644

  package init() {}

  package func makeFolders(_ path: String) throws(RecordingError) {
    try onDisk { () throws(FileFailure) in try Folder.make(path) }
  }

  package func makeNewFolder(_ path: String) throws(RecordingError) -> Bool {
    if mkdir(path, 0o755) == 0 { return true }
    guard errno == EEXIST else { throw .disk(FileFailure(.createFolder, path, code: errno)) }
    return false
  }

  package func create(_ path: String) throws(RecordingError) -> any DiskFile {
    PosixFile(
      try onDisk { () throws(FileFailure) in
        try OpenFile(path, flags: O_RDWR | O_CREAT | O_TRUNC, mode: Self.mode, for: .create)
      })
  }

  package func open(_ path: String) throws(RecordingError) -> any DiskFile {
    PosixFile(try onDisk { () throws(FileFailure) in try OpenFile(path, flags: O_RDWR, mode: Self.mode) })
  }

  package func rename(_ path: String, to newPath: String) throws(RecordingError) {
    if systemRename(path, newPath) != 0 { throw .disk(FileFailure(.rename, path, code: errno)) }
  }

  package func remove(_ path: String) throws(RecordingError) {
    try onDisk { () throws(FileFailure) in try Folder.remove(path) }
  }

  package func removeFolder(_ path: String) throws(RecordingError) {
    for entry in try entries(of: path) {
      let inner = "\(path)/\(entry.name)"
      if entry.isFolder { try removeFolder(inner) } else { try remove(inner) }
    }
    if rmdir(path) != 0 { throw .disk(FileFailure(.remove, path, code: errno)) }
  }

  package func syncFolder(_ path: String) throws(RecordingError) {
    try onDisk { () throws(FileFailure) in try Folder.sync(path) }
  }

  package func entries(of path: String) throws(RecordingError) -> [DiskEntry] {
    let names = try onDisk { () throws(FileFailure) in try Folder.names(in: path) }
    return names.compactMap { name in
      var status = stat()
      guard lstat("\(path)/\(name)", &status) == 0 else { return nil }
      let kind = status.st_mode & S_IFMT
      #if canImport(Glibc)
        let modified = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9
      #else
        let modified = Double(status.st_mtimespec.tv_sec) + Double(status.st_mtimespec.tv_nsec) / 1e9
      #endif
      return DiskEntry(
        name: name, isFolder: kind == S_IFDIR, isSpecial: kind != S_IFDIR && kind != S_IFREG,
        bytes: Int(status.st_size), modified: modified)
    }
  }

  package func space(at path: String) throws(RecordingError) -> DiskSpace {
    try onDisk { () throws(FileFailure) in try Folder.space(at: path) }
  }

  package func lock(_ path: String) throws(RecordingError) -> FileLock? {
    try onDisk { () throws(FileFailure) in try FileLock.take(path, mode: Self.mode, removesFile: true) }
  }

  package func isLocked(_ path: String) throws(RecordingError) -> Bool {
    try onDisk { () throws(FileFailure) in try FileLock.isTaken(path) }
  }
}

private final class PosixFile: DiskFile {
  private let file: OpenFile

  init(_ file: OpenFile) { self.file = file }

  var path: String { file.path }

  func size() throws(RecordingError) -> Int { try onDisk(file.size) }

  func write(_ bytes: ByteBuffer, at offset: Int) throws(RecordingError) {
    if let failure = file.write(bytes, at: offset).failure { throw .disk(failure) }
  }

  func read(at offset: Int, count: Int) throws(RecordingError) -> ByteBuffer {
    try onDisk { () throws(FileFailure) in try file.read(at: offset, count: count) }
  }

  func truncate(to size: Int) throws(RecordingError) {
    try onDisk { () throws(FileFailure) in try file.truncate(to: size) }
  }

  func sync() throws(RecordingError) { try onDisk(file.sync) }
}

private func onDisk<Value>(_ work: () throws(FileFailure) -> Value) throws(RecordingError) -> Value {
  do { return try work() } catch { throw .disk(error) }
}

/// `rename`: under a name that the method above does not hide.
private func systemRename(_ path: String, _ newPath: String) -> Int32 { rename(path, newPath) }
