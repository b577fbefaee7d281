/// Something came, went or was finished. Also the body of a webhook.
public struct LifecycleEvent: JSONBody, Hashable {
  public static let topic = Topic.events

  /// What happened; a closed set.
  public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
    case streamStarted = "stream_started"
    case streamStopped = "stream_stopped"
    case consumerJoined = "consumer_joined"
    case consumerLeft = "consumer_left"
    case recordingSegmentClosed = "recording_segment_closed"
    case sessionEnded = "session_ended"
    case phoneConnected = "phone_connected"
    case phoneDisconnected = "phone_disconnected"
  }

  public var type: Kind
  /// When, seconds since 1970.
  public var timestamp: Double
  /// Names this event for ever, so that receivers can leave out repetitions.
  public var id: String
  /// The server where it happened.
  public var node: String
  /// The stream concerned.
  public var stream: String?
  /// Who published, joined or left: `host:port`.
  public var peer: String?
  /// How a consumer takes the stream: `websocket`, `rtsp` or `push`.
  public var transport: String?
  /// Why it ended: `publisher_left` or `shutdown` of a stream; `closed`, `stream_ended`, `too_slow` or `shutdown` of a
  /// consumer; `complete` or `incomplete` of a session.
  public var reason: String?
  /// The recording concerned.
  public var session: String?
  /// The file concerned, relative to the recordings' folder.
  public var path: String?
  /// Taken in by a stream; of a file or a session.
  public var bytes: Int?
  /// Taken in by a stream, sent to a consumer, recorded in a file or a session.
  public var frames: Int?
  public var durationSeconds: Double?
  /// Events of the same type that were left out before this one, since they came too fast.
  public var suppressed: Int?

  public init(type: Kind, timestamp: Double, id: String, node: String) {
    self.type = type
    self.timestamp = timestamp
    self.id = id
    self.node = node
  }

  enum CodingKeys: String, CodingKey {
    case type, timestamp, id, node, stream, peer, transport, reason, session, path, bytes, frames, suppressed
    case durationSeconds = "duration_s"
  }
}
