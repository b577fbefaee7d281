import NIOCore
import PosixFiles
public import SLAM

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The file that a map is kept in from one run to the next.
///
/// Whatever happens while it is written, the old content or the new is there afterwards.
public struct SavedMapFile: Hashable, Sendable {
  public let path: String

  /// A larger map would not fit in memory beside everything else.
  static let maximalBytes = 2 << 30

  public init(_ path: String) { self.path = path }

  /// Why there is no map to be had from a file that exists.
  public enum Failure: Error, CustomStringConvertible {
    case file(FileFailure)
    case content(SavedMapError)
    case tooLarge(bytes: Int)

    public var description: String {
      switch self {
      case .file(let failure): "\(failure)"
      case .content(let error): "\(error)"
      case .tooLarge(let bytes): "\(bytes) bytes are more than a map may have"
      }
    }
  }

  /// The map in the file, or `nil` where there is no file.
  public func read() throws(Failure) -> SavedMap? {
    var size = 0
    var content = ByteBuffer()
    do throws(FileFailure) {
      let file = try OpenFile(path, flags: O_RDONLY, mode: 0)
      size = try file.size()
      if size <= Self.maximalBytes { content = try file.read(at: 0, count: size) }
    } catch {
      if error.operation == .open, error.code == ENOENT { return nil }
      throw .file(error)
    }
    guard size <= Self.maximalBytes else { throw .tooLarge(bytes: size) }
    do { return try SavedMap(bytes: Array(content.readableBytesView)) } catch { throw .content(error) }
  }

  /// Makes sure that the map can be written, so that it is not found out when the work is done.
  public func checkFolder() throws(Failure) {
    do throws(FileFailure) {
      _ = try OpenFile(partPath, flags: O_WRONLY | O_CREAT, mode: 0o644)
      try Folder.remove(partPath)
    } catch { throw .file(error) }
  }

  private var partPath: String { path + ".part" }

  /// Writes the map beside the file and moves it there once it is on the disk.
  package func write(_ map: SavedMap) throws(FileFailure) {
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let beside = partPath
    do throws(FileFailure) {
      let file = try OpenFile(beside, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
      if let failure = file.write(ByteBuffer(bytes: map.bytes), at: 0).failure { throw failure }
      try file.sync()
      guard rename(beside, path) == 0 else { throw FileFailure(.rename, path, code: errno) }
      try Folder.sync(folder.isEmpty ? "/" : folder)
    } catch {
      unlink(beside)
      throw error
    }
  }
}
