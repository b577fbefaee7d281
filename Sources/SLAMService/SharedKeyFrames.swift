import MapFormats
import NIOCore
import Observability
import PosixFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Key frames in shared memory, for the mesh service (protocol.md section 6).
///
/// Segments are complete from the moment their name exists. A reader unlinks what it has read; of what nobody reads, the
/// oldest go when there are too many. Everything is removed at the end, and what a crashed run left at the start. Only
/// one process of a machine can be the writer.
public final class SharedKeyFrames {
  /// How much may lie there.
  public struct Options: Hashable, Sendable {
    /// Where POSIX shared memory lives.
    public var folder = "/dev/shm"
    public var segments = 64
    public var bytes = 64 << 20

    public init() {}
  }

  static let prefix = "slam3r_keyframe_"
  static let indexName = "slam3r_keyframes"

  /// A segment that was written and that nobody has unlinked, as far as is known.
  private struct Segment {
    var identifier: Int
    var bytes: Int
    var nanos: UInt64
    var points: Int
  }

  private let options: Options
  private let lock: FileLock
  private var segments: [Segment] = []
  private var nextIdentifier = 0

  /// Takes the place over, and removes what a crashed run left there.
  /// - Throws: `FileFailure`, with `.lock` also when another process has the place.
  public init(_ options: Options) throws(FileFailure) {
    self.options = options
    let path = "\(options.folder)/\(Self.indexName).lock"
    guard let lock = try FileLock.take(path, mode: 0o600, removesFile: true) else {
      throw FileFailure.lockIsTaken(path)
    }
    self.lock = lock
    try removeAll()
    try writeIndex()
  }

  deinit { try? removeAll() }

  /// Writes a key frame; the oldest go as far as there is no room.
  /// - Returns: segments that were removed unread.
  @discardableResult public func write(_ keyFrame: KeyFrameSegment) throws(FileFailure) -> Int {
    try forgetRead()
    let bytes = keyFrame.bytes
    var removed = 0
    while let oldest = segments.first,
      segments.count >= options.segments || segments.reduce(bytes.count, { $0 + $1.bytes }) > options.bytes
    {
      try Self.unlinkIfThere(path(oldest.identifier))
      segments.removeFirst()
      removed += 1
    }
    let identifier = nextIdentifier
    nextIdentifier += 1
    try place(ByteBuffer(bytes: bytes), at: path(identifier))
    segments.append(
      Segment(identifier: identifier, bytes: bytes.count, nanos: keyFrame.nanos, points: keyFrame.points.count))
    try writeIndex()
    return removed
  }

  /// Removes all key frames, as when SLAM starts anew.
  public func clear() throws(FileFailure) {
    for segment in segments { try Self.unlinkIfThere(path(segment.identifier)) }
    segments = []
    try writeIndex()
  }

  private func path(_ identifier: Int) -> String { "\(options.folder)/\(Self.prefix)\(identifier)" }

  /// Forgets segments that a reader has taken.
  private func forgetRead() throws(FileFailure) {
    segments.removeAll { access(path($0.identifier), F_OK) != 0 }
  }

  private func removeAll() throws(FileFailure) {
    for name in try Folder.names(in: options.folder)
    where name.hasPrefix(Self.prefix) || name.hasPrefix(".\(Self.prefix)") || name == Self.indexName
      || name == ".\(Self.indexName)"
    {
      try Self.unlinkIfThere("\(options.folder)/\(name)")
    }
  }

  /// The live segments, a line each: name, capture time in nanoseconds, points.
  private func writeIndex() throws(FileFailure) {
    let lines = segments.map { "\(Self.prefix)\($0.identifier) \($0.nanos) \($0.points)\n" }
    try place(ByteBuffer(string: lines.joined()), at: "\(options.folder)/\(Self.indexName)")
  }

  /// Writes beside the place and moves there, so that nobody sees half of it.
  private func place(_ content: ByteBuffer, at path: String) throws(FileFailure) {
    let name = path.dropFirst(options.folder.utf8.count + 1)
    let hidden = "\(options.folder)/.\(name)"
    do throws(FileFailure) {
      let file = try OpenFile(hidden, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
      if let failure = file.write(content, at: 0).failure { throw failure }
      guard rename(hidden, path) == 0 else { throw FileFailure(.write, path, code: errno) }
    } catch {
      unlink(hidden)
      throw error
    }
  }

  private static func unlinkIfThere(_ path: String) throws(FileFailure) {
    guard unlink(path) != 0, errno != ENOENT else { return }
    throw FileFailure(.remove, path, code: errno)
  }
}
