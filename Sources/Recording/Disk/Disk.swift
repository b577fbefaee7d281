import NIOCore
package import PosixFiles

/// What the recorder needs of a file system. Paths are absolute or relative to the working folder. All calls block.
package protocol Disk: Sendable {
  /// Makes a folder and those above it; nothing happens where it exists.
  func makeFolders(_ path: String) throws(RecordingError)
  /// - Returns: `false` when there is something of that name already.
  func makeNewFolder(_ path: String) throws(RecordingError) -> Bool
  /// Makes an empty file, in place of one that exists.
  func create(_ path: String) throws(RecordingError) -> any DiskFile
  /// Opens a file that exists for reading and writing.
  func open(_ path: String) throws(RecordingError) -> any DiskFile
  func rename(_ path: String, to newPath: String) throws(RecordingError)
  func remove(_ path: String) throws(RecordingError)
  /// Removes a folder with all that is in it. Links are removed, not followed.
  func removeFolder(_ path: String) throws(RecordingError)
  /// Makes entries of a folder (new files, renamed files) last through a power cut.
  func syncFolder(_ path: String) throws(RecordingError)
  /// What is in a folder, by name.
  func entries(of path: String) throws(RecordingError) -> [DiskEntry]
  func space(at path: String) throws(RecordingError) -> DiskSpace
  /// Takes a lock that the system gives back when the process ends, however it ends.
  /// - Returns: `nil` when somebody holds it.
  func lock(_ path: String) throws(RecordingError) -> FileLock?
  /// Whether somebody holds the lock.
  func isLocked(_ path: String) throws(RecordingError) -> Bool
}

/// An open file. Closed when nobody refers to it any more.
package protocol DiskFile: AnyObject {
  var path: String { get }
  func size() throws(RecordingError) -> Int
  /// Writes all of it at an offset.
  func write(_ bytes: ByteBuffer, at offset: Int) throws(RecordingError)
  /// As many bytes as asked for, or fewer at the end of the file.
  func read(at offset: Int, count: Int) throws(RecordingError) -> ByteBuffer
  func truncate(to size: Int) throws(RecordingError)
  /// Makes the content last through a power cut.
  func sync() throws(RecordingError)
}

/// Something in a folder.
package struct DiskEntry: Hashable, Sendable {
  package var name: String
  package var isFolder: Bool
  /// Neither folder nor plain file, such as a link.
  package var isSpecial: Bool
  package var bytes: Int
  /// Seconds since 1970.
  package var modified: Double
}

/// How full a disk is.
package typealias DiskSpace = Folder.Space

extension Disk {
  /// Puts a file in place of another in one step: whoever reads sees the old content or the new one.
  /// - Parameter lasts: whether the new content lasts through a power cut as well.
  package func replace(_ path: String, with bytes: ByteBuffer, lasts: Bool) throws(RecordingError) {
    let temporary = path + ".tmp"
    do throws(RecordingError) {
      let file = try create(temporary)
      try file.write(bytes, at: 0)
      if lasts { try file.sync() }
      try rename(temporary, to: path)
    } catch {
      try? remove(temporary)
      throw error
    }
  }

  /// A whole file.
  package func contents(of path: String, limit: Int) throws(RecordingError) -> ByteBuffer {
    let file = try open(path)
    return try file.read(at: 0, count: min(limit, try file.size()))
  }

  /// All bytes in a folder, those of its folders included.
  package func bytes(in folder: String) -> Int {
    guard let entries = try? entries(of: folder) else { return 0 }
    return entries.reduce(0) { sum, entry in
      sum + (entry.isFolder ? bytes(in: "\(folder)/\(entry.name)") : entry.bytes)
    }
  }
}
