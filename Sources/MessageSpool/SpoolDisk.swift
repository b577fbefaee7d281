package import NIOCore
package import PosixFiles

/// What the spool needs of a file system. All calls block.
package protocol SpoolDisk: Sendable {
  /// Makes a folder and those above it; nothing happens where it exists.
  func makeFolders(_ path: String) throws(SpoolError)
  /// Names of what is in a folder, sorted.
  func names(in folder: String) throws(SpoolError) -> [String]
  /// Opens a file for reading and writing.
  /// - Parameter isNew: the file is made, in place of one that exists.
  func open(_ path: String, isNew: Bool) throws(SpoolError) -> any SpoolFile
  func remove(_ path: String) throws(SpoolError)
  /// Makes entries of a folder (new and removed files) last through a power cut.
  func syncFolder(_ path: String) throws(SpoolError)
  /// What this process may still use.
  func freeBytes(at path: String) throws(SpoolError) -> Int
  /// Takes a lock that the system gives back when the process ends, however it ends.
  /// - Returns: `nil` when another process holds it.
  func lock(_ path: String) throws(SpoolError) -> FileLock?
  /// Names the time since the machine started; `nil` when unknown.
  var bootID: String? { get }
}

/// An open file. Closed when nobody refers to it any more. Used under the spool's lock only.
package protocol SpoolFile: AnyObject {
  func size() throws(SpoolError) -> Int
  /// Writes as much as possible.
  /// - Returns: bytes written, and why they are not all.
  func write(_ bytes: ByteBuffer, at offset: Int) -> (written: Int, error: SpoolError?)
  /// As many bytes as asked for, or fewer at the end of the file.
  func read(at offset: Int, count: Int) throws(SpoolError) -> ByteBuffer
  func truncate(to size: Int) throws(SpoolError)
  /// Makes the content last through a power cut.
  func sync() throws(SpoolError)
}
