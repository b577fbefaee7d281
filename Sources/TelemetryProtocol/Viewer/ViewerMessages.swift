public import NIOCore

/// What viewers are sent, as JSON text. Bodies of others are put in as they are, once they are known to be JSON.
public enum ViewerMessages {
  /// `{"type":TYPE, "stream":…, MEMBER:BODY}`.
  /// - Returns: `nil` when `body` is no JSON object.
  public static func wrapping(
    _ body: ByteBuffer, as member: StaticString, type: StaticString, stream: String?,
    limits: TelemetryLimits = bodyLimits
  ) -> ByteBuffer? {
    guard (try? JSONObject(body, limits: limits)) != nil else { return nil }
    var text = begin(type, stream: stream, reserving: body.readableBytes)
    text.writeString(",\"\(member)\":")
    text.writeImmutableBuffer(body)
    text.writeString("}")
    return text
  }

  /// `{"type":TYPE, "stream":…, …the members of BODY…}`; a `type` or `stream` of the body is left out.
  public static func merging(
    _ body: ByteBuffer, type: StaticString, stream: String?, limits: TelemetryLimits = bodyLimits
  ) -> ByteBuffer? {
    guard let object = try? JSONObject(body, limits: limits) else { return nil }
    var text = begin(type, stream: stream ?? object.text("stream"), reserving: body.readableBytes)
    var written: Set<String> = ["type", "stream"]
    for name in object.names where written.insert(name).inserted {
      guard let raw = object.raw(name) else { continue }
      text.writeString(",\(JSONText.encode(name)):")
      text.writeImmutableBuffer(raw)
    }
    text.writeString("}")
    return text
  }

  /// `{"type":"map","stream":…,"tag":…,"bytes":…}`: there is a new map to be fetched.
  public static func map(tag: String, bytes: Int, stream: String) -> ByteBuffer {
    var text = begin("map", stream: stream, reserving: 64)
    text.writeString(",\"tag\":\(JSONText.encode(tag)),\"bytes\":\(bytes)}")
    return text
  }

  /// `{"type":"error","reason":…,"message":…}`.
  public static func error(_ reject: TelemetryReject) -> ByteBuffer {
    ByteBuffer(
      string: "{\"type\":\"error\",\"reason\":\"\(reject.reason)\",\"message\":\(JSONText.encode(reject.description))}")
  }

  /// `{"type":"file_upload_result",…}`, the answer to a phone.
  /// - Parameters:
  ///   - name: as the phone gave it.
  ///   - savedAs: the name that it has now, if it was written.
  public static func uploadResult(name: String, savedAs: String?, bytes: Int, problem: UploadProblem?) -> ByteBuffer {
    var text = "{\"type\":\"file_upload_result\",\"fileName\":\(JSONText.encode(String(name.prefix(256))))"
    text += ",\"ok\":\(problem == nil)"
    if let problem { text += ",\"reason\":\"\(problem.rawValue)\"" }
    if let savedAs { text += ",\"savedAs\":\(JSONText.encode(savedAs)),\"bytes\":\(bytes)" }
    return ByteBuffer(string: text + "}")
  }

  /// Bodies come from our own services and other nodes, and may hold masks.
  public static var bodyLimits: TelemetryLimits {
    var limits = TelemetryLimits()
    limits.textBytes = 8 << 20
    return limits
  }

  private static func begin(_ type: StaticString, stream: String?, reserving bytes: Int) -> ByteBuffer {
    var text = ByteBufferAllocator().buffer(capacity: bytes + 160)
    text.writeString("{\"type\":\"\(type)\"")
    if let stream { text.writeString(",\"stream\":\(JSONText.encode(stream))") }
    return text
  }
}

/// Messages on their way to one viewer: bounded, and the oldest goes first. Samples may be limited in rate.
public struct ViewerQueue: Sendable {
  /// Bounds of waiting.
  public struct Limits: Hashable, Sendable {
    /// 512 messages are 5 s of everything a flight gives: samples at 60 Hz, poses and objects at 30 Hz each.
    public var messages = 512
    public var bytes = 4 << 20

    public init() {}
  }

  private let limits: Limits
  private var waiting: [ByteBuffer] = []
  private var first = 0
  private var bytes = 0

  public init(limits: Limits = Limits()) { self.limits = limits }

  public var count: Int { waiting.count - first }

  /// Adds a message.
  /// - Returns: how many older ones were dropped for it.
  public mutating func add(_ message: ByteBuffer) -> Int {
    waiting.append(message)
    bytes += message.readableBytes
    var dropped = 0
    while count > 1, count > limits.messages || bytes > limits.bytes {
      _ = next()
      dropped += 1
    }
    return dropped
  }

  /// The next message to send.
  public mutating func next() -> ByteBuffer? {
    guard first < waiting.count else { return nil }
    let message = waiting[first]
    waiting[first] = ByteBuffer()
    first += 1
    bytes -= message.readableBytes
    if first > 64, first * 2 >= waiting.count {
      waiting.removeFirst(first)
      first = 0
    }
    return message
  }
}
