public import MediaModel
public import NIOCore

/// The value of a header.
public enum BusHeaderValue: Hashable, Sendable {
  case text(String)
  case integer(Int64)
  case real(Double)
  case boolean(Bool)
}

/// Names of headers that messages carry.
public enum BusHeader {
  /// Capture time in nanoseconds, a decimal string: the sender's own, as it sent it.
  public static let timestampNanos = "timestamp_ns"
  /// When the server received it, nanoseconds since 1970 on the clock of its system, a decimal string.
  public static let serverReceived = "server_received"
  /// The same moment on the server's clock, which follows network time; nanoseconds since 1970, a decimal string.
  public static let networkTime = "ntp_time"
  /// `ntp_time` minus `server_received`: the correction in force, nanoseconds, a decimal string.
  public static let networkTimeOffset = "ntp_offset"
  /// Capture time on the server's clock, nanoseconds since 1970, a decimal string.
  public static let capturedAt = "captured_ns"
  /// Set on a message that may have been delivered before.
  public static let redelivered = "redelivered"
  /// The name of the video stream that it belongs to.
  public static let stream = "stream"
  /// The server that sent it.
  public static let node = "node"
  /// The number of an access unit in its stream, a decimal string.
  public static let sequence = "sequence"
  /// The publisher's turn at the stream, a decimal string that rises from one turn to the next.
  public static let epoch = "epoch"
  /// Whether decoding can start at an access unit.
  public static let keyFrame = "key_frame"
  /// Access units of this server and stream between the last key frame and this one; 0 on a key frame.
  public static let unitsSinceKeyFrame = "units_since_key_frame"
  /// Who sent the video: the peer of the publisher's connection.
  public static let webSocketID = "websocket_id"
  /// What a video message holds: `h264`.
  public static let streamType = "stream_type"
  /// Bytes of the body.
  public static let chunkSize = "chunk_size"
  /// The trace that it belongs to (W3C Trace Context).
  public static let trace = TraceContext.headerName
}

/// A message on the bus: a body and what is to be known of it. Copies share the body.
public struct BusMessage: Hashable, Sendable {
  public var topic: Topic
  public var body: ByteBuffer
  /// MIME type of the body.
  public var contentType: String
  /// By name; see ``BusHeader``.
  public var headers: [String: BusHeaderValue]

  public init(
    topic: Topic, body: ByteBuffer, contentType: String, headers: [String: BusHeaderValue] = [:]
  ) {
    self.topic = topic
    self.body = body
    self.contentType = contentType
    self.headers = headers
  }

  /// The MIME type of JSON bodies.
  public static let json = "application/json"

  /// The trace that it belongs to, in the header ``BusHeader/trace``.
  public var trace: TraceContext? {
    get {
      guard case .text(let text) = headers[BusHeader.trace] else { return nil }
      return TraceContext(header: text)
    }
    set { headers[BusHeader.trace] = newValue.map { .text($0.header) } }
  }

  /// Bytes that it takes, roughly: the body, and a hundred for the rest.
  public var cost: Int { body.readableBytes + 100 }
}
