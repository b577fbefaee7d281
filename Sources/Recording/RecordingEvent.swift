public import MediaModel

/// Something about recordings was finished, for whoever tells others about it.
public enum RecordingEvent: Hashable, Sendable {
  /// A video file is complete and keeps its name.
  case segmentClosed(ClosedSegment)
  /// A session is complete.
  case sessionEnded(EndedSession)
}

/// A video file that is complete.
public struct ClosedSegment: Hashable, Sendable {
  public var stream: String
  public var session: SessionID
  /// The file, relative to the folder of all recordings.
  public var path: String
  public var bytes: Int
  public var frames: Int
  public var duration: Nanoseconds

  public init(stream: String, session: SessionID, path: String, bytes: Int, frames: Int, duration: Nanoseconds) {
    self.stream = stream
    self.session = session
    self.path = path
    self.bytes = bytes
    self.frames = frames
    self.duration = duration
  }
}

/// A session that is over.
public struct EndedSession: Hashable, Sendable {
  /// How a session ends; a closed set.
  public enum Outcome: String, Hashable, Sendable, CaseIterable {
    /// Everything is on the disk.
    case complete
    /// The disk failed at the end; the next start completes what is there.
    case incomplete
  }

  public var stream: String
  public var session: SessionID
  public var outcome: Outcome
  /// Of all video files.
  public var bytes: Int
  public var frames: Int
  /// From the capture of the first frame to that of the last.
  public var duration: Nanoseconds

  public init(
    stream: String, session: SessionID, outcome: Outcome, bytes: Int, frames: Int, duration: Nanoseconds
  ) {
    self.stream = stream
    self.session = session
    self.outcome = outcome
    self.bytes = bytes
    self.frames = frames
    self.duration = duration
  }
}
