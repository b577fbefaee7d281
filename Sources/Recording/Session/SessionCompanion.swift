public import CodedMedia
public import MediaModel

/// Where a session that begins is.
public struct SessionPlace: Sendable {
  /// Its folder, which exists.
  public var folder: String
  public var id: SessionID
  public var stream: String
  /// Capture time of its first frame.
  public var startedAt: WallTime

  public init(folder: String, id: SessionID, stream: String, startedAt: WallTime) {
    self.folder = folder
    self.id = id
    self.stream = stream
    self.startedAt = startedAt
  }
}

/// What is kept of a session beside its video. Called on the thread that records.
public protocol SessionCompanion: AnyObject, Sendable {
  /// A unit that is recorded. Must not wait for a disk.
  func add(_ unit: AccessUnit)
  /// So many units are missing in front of the next one.
  func missed(_ count: Int)
  /// The session ends: everything is on the disk when this returns.
  func end()
}

/// Makes what is kept of a session that begins; `nil`: nothing is.
public typealias SessionCompanionMaker = @Sendable (SessionPlace) -> (any SessionCompanion)?
