public import MediaModel

/// Something came or went, for whoever tells others about it.
public enum RelayEvent: Hashable, Sendable {
  /// A publisher claimed a stream that had none.
  case streamStarted(StreamName, publisher: String)
  /// Nobody publishes a stream any more, and the time for coming back is over.
  case streamStopped(StreamName, StreamStop)
  /// A reader outside of the process joined.
  case readerJoined(StreamName, ReaderIdentity)
  /// A reader outside of the process left.
  case readerLeft(StreamName, ReaderIdentity, ReaderStop)
}

/// How a stream ended.
public struct StreamStop: Hashable, Sendable {
  /// Why a stream ends; a closed set.
  public enum Reason: String, Hashable, Sendable, CaseIterable {
    case publisherLeft = "publisher_left"
    case shutdown
  }

  public var reason: Reason
  /// Access units that were taken in since it started.
  public var frames: UInt64
  public var bytes: UInt64
  /// From the first publisher's claim on, pauses included.
  public var duration: Nanoseconds

  public init(reason: Reason, frames: UInt64, bytes: UInt64, duration: Nanoseconds) {
    self.reason = reason
    self.frames = frames
    self.bytes = bytes
    self.duration = duration
  }
}

/// Who reads.
public struct ReaderIdentity: Hashable, Sendable {
  /// Number of the reader, unique in the process.
  public var id: UInt64
  public var transport: ReaderTransport
  /// `host:port`, where it is known.
  public var peer: String?

  public init(id: UInt64, transport: ReaderTransport, peer: String?) {
    self.id = id
    self.transport = transport
    self.peer = peer
  }
}

/// How a reader ended.
public struct ReaderStop: Hashable, Sendable {
  public var reason: ReaderEnd
  /// Access units that it got.
  public var frames: UInt64
  /// Access units that it missed since it was too slow.
  public var droppedFrames: UInt64
  /// Since it joined.
  public var duration: Nanoseconds

  public init(reason: ReaderEnd, frames: UInt64, droppedFrames: UInt64, duration: Nanoseconds) {
    self.reason = reason
    self.frames = frames
    self.droppedFrames = droppedFrames
    self.duration = duration
  }
}

extension ReaderEnd {
  /// The reason without figures; a closed set.
  public var code: String {
    switch self {
    case .streamEnded: "stream_ended"
    case .tooSlow: "too_slow"
    case .shutdown: "shutdown"
    case .closed: "closed"
    }
  }
}

extension ReaderOptions {
  /// Whether others are told of this reader: it takes the video out of the process.
  var isAnnounced: Bool {
    switch transport {
    case .websocket, .rtsp, .push: !isProbe
    case .recorder, .consumer, .bus: false
    }
  }
}
