import MediaModel
import NIOCore
import Synchronization

/// A session as it is on the disk.
public struct RecordedSessionInfo: Hashable, Sendable {
  /// A video file.
  public struct File: Hashable, Sendable {
    public var name: String
    public var bytes: Int
    public var durationSeconds: Double
  }

  public var id: SessionID
  public var stream: String
  /// Capture time of the first frame, seconds since 1970.
  public var startTime: Double
  /// Capture time of the last frame; `nil` while the session is recorded, and after a crash until the next start.
  public var endTime: Double?
  /// Of the files together.
  public var durationSeconds: Double
  /// Of everything in the folder.
  public var bytes: Int
  public var totalFrames: Int
  /// Whether it is recorded right now, by this process or another.
  public var isActive: Bool
  /// The name of a still.
  public var poster: String?
  public var files: [File]
}

/// The sessions in a folder. Thread-safe; every call reads the disk.
public final class RecordingCatalog: Sendable {
  static let lockName = ".recording"
  static let soleVideoName = "video.mp4"

  /// Metadata that were read, while the file is the same.
  private struct Cached {
    var bytes: Int
    var modified: Double
    var metadata: SessionMetadata
  }

  private let folder: String
  private let disk: any Disk
  private let cache = Mutex<[SessionID: Cached]>([:])

  public convenience init(folder: String) { self.init(folder: folder, disk: PosixDisk()) }

  package init(folder: String, disk: any Disk) {
    self.folder = folder
    self.disk = disk
  }

  /// All sessions, newest first. Folders without readable metadata are left out.
  public func sessions() -> [RecordedSessionInfo] {
    let ids = sessionIDs()
    cache.withLock { cache in cache = cache.filter { ids.contains($0.key) } }
    return ids.sorted(by: >).compactMap(session)
  }

  func sessionIDs() -> Set<SessionID> {
    Set(((try? disk.entries(of: folder)) ?? []).compactMap { $0.isFolder ? SessionID($0.name) : nil })
  }

  /// One session.
  public func session(_ id: SessionID) -> RecordedSessionInfo? {
    guard let entries = try? disk.entries(of: path(of: id)), let metadata = metadata(of: id, entries) else {
      return nil
    }
    let files = metadata.files.compactMap { file -> RecordedSessionInfo.File? in
      guard let entry = entries.first(where: { $0.name == file.name }), !entry.isFolder, !entry.isSpecial else {
        return nil
      }
      return RecordedSessionInfo.File(name: file.name, bytes: entry.bytes, durationSeconds: file.duration_s)
    }
    return RecordedSessionInfo(
      id: id, stream: metadata.stream, startTime: metadata.start_time, endTime: metadata.end_time,
      durationSeconds: files.reduce(0) { $0 + $1.durationSeconds }, bytes: disk.bytes(in: path(of: id)),
      totalFrames: metadata.total_frames, isActive: metadata.end_time == nil && isLocked(id, entries),
      poster: metadata.poster, files: files)
  }

  /// The path of a file of a session, which exists and is a plain file right in its folder.
  /// - Returns: `nil` for anything else, such as names that lead elsewhere.
  public func path(session: String, file: String) -> String? {
    guard let id = SessionID(session), !file.contains("/"), !file.hasPrefix("."), !file.utf8.contains(0),
      let entries = try? disk.entries(of: path(of: id)),
      let entry = entries.first(where: { $0.name == file }), !entry.isFolder, !entry.isSpecial
    else { return nil }
    return "\(path(of: id))/\(file)"
  }

  func path(of id: SessionID) -> String { "\(folder)/\(id)" }

  /// Whether a process records the session.
  func isLocked(_ id: SessionID, _ entries: [DiskEntry]) -> Bool {
    guard entries.contains(where: { $0.name == Self.lockName }) else { return false }
    return (try? disk.isLocked("\(path(of: id))/\(Self.lockName)")) ?? false
  }

  private func metadata(of id: SessionID, _ entries: [DiskEntry]) -> SessionMetadata? {
    guard let entry = entries.first(where: { $0.name == SessionMetadata.fileName }) else { return nil }
    let known = cache.withLock { $0[id] }
    if let known, known.bytes == entry.bytes, known.modified == entry.modified { return known.metadata }
    guard
      let bytes = try? disk.contents(
        of: "\(path(of: id))/\(SessionMetadata.fileName)", limit: SessionMetadata.maxBytes),
      var metadata = SessionMetadata.parse(bytes)
    else { return nil }
    // Nobody asks the catalogue for them, and there can be many.
    metadata.frames = []
    cache.withLock { $0[id] = Cached(bytes: entry.bytes, modified: entry.modified, metadata: metadata) }
    return metadata
  }
}
