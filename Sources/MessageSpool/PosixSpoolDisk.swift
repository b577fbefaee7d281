internal import NIOCore
package import PosixFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The file system of this machine.
package struct PosixSpoolDisk: SpoolDisk {
  // What drones and phones send is nobody else's business, so files are for this user only.
  private static let mode: mode_t = 0o600

  package init() {}

  package func makeFolders(_ path: String) throws(SpoolError) {
    try onDisk { () throws(FileFailure) in try Folder.make(path) }
  }

  package func names(in folder: String) throws(SpoolError) -> [String] {
    try onDisk { () throws(FileFailure) in try Folder.names(in: folder) }
  }

  package func open(_ path: String, isNew: Bool) throws(SpoolError) -> any SpoolFile {
    let flags = O_RDWR | (isNew ? O_CREAT | O_TRUNC : 0)
    return PosixSpoolFile(
      try onDisk { () throws(FileFailure) in
        try OpenFile(path, flags: flags, mode: Self.mode, for: isNew ? .create : .open)
      })
  }

  package func remove(_ path: String) throws(SpoolError) {
    try onDisk { () throws(FileFailure) in try Folder.remove(path) }
  }

  package func syncFolder(_ path: String) throws(SpoolError) {
    try onDisk { () throws(FileFailure) in try Folder.sync(path) }
  }

  package func freeBytes(at path: String) throws(SpoolError) -> Int {
    try onDisk { () throws(FileFailure) in try Folder.space(at: path).freeBytes }
  }

  package func lock(_ path: String) throws(SpoolError) -> FileLock? {
    // The file stays: removing it would let two processes lock two files.
    try onDisk { () throws(FileFailure) in try FileLock.take(path, mode: Self.mode, removesFile: false) }
  }

  package var bootID: String? {
    let file = try? OpenFile("/proc/sys/kernel/random/boot_id", flags: O_RDONLY, mode: 0)
    guard let text = try? file?.read(at: 0, count: 36) else { return nil }
    return String(buffer: text)
  }
}

private final class PosixSpoolFile: SpoolFile {
  private let file: OpenFile

  init(_ file: OpenFile) { self.file = file }

  func size() throws(SpoolError) -> Int { try onDisk(file.size) }

  func write(_ bytes: ByteBuffer, at offset: Int) -> (written: Int, error: SpoolError?) {
    let (written, failure) = file.write(bytes, at: offset)
    return (written, failure.map(SpoolError.disk))
  }

  func read(at offset: Int, count: Int) throws(SpoolError) -> ByteBuffer {
    try onDisk { () throws(FileFailure) in try file.read(at: offset, count: count) }
  }

  func truncate(to size: Int) throws(SpoolError) {
    try onDisk { () throws(FileFailure) in try file.truncate(to: size) }
  }

  func sync() throws(SpoolError) { try onDisk(file.sync) }
}

private func onDisk<Value>(_ work: () throws(FileFailure) -> Value) throws(SpoolError) -> Value {
  do { return try work() } catch { throw .disk(error) }
}
