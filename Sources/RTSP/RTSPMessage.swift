public import NIOCore

/// The methods of RFC 2326 §10 that we know; every other is ``other(_:)``.
public enum RTSPMethod: Hashable, Sendable, CustomStringConvertible {
  case options, describe, announce, setup, play, pause, record, getParameter, setParameter, teardown
  case other(String)

  /// Those with a meaning, in the order in which a server lists them.
  public static let known: [RTSPMethod] = [
    .options, .describe, .announce, .setup, .play, .pause, .record, .getParameter, .setParameter, .teardown,
  ]

  /// The method of this name; names have case (RFC 2326 §6.1).
  public init(name: String) {
    self = Self.known.first { $0.description == name } ?? .other(name)
  }

  /// The name as on the wire.
  public var description: String {
    switch self {
    case .options: "OPTIONS"
    case .describe: "DESCRIBE"
    case .announce: "ANNOUNCE"
    case .setup: "SETUP"
    case .play: "PLAY"
    case .pause: "PAUSE"
    case .record: "RECORD"
    case .getParameter: "GET_PARAMETER"
    case .setParameter: "SET_PARAMETER"
    case .teardown: "TEARDOWN"
    case .other(let name): name
    }
  }
}

/// A request, RFC 2326 §6.
public struct RTSPRequest: Hashable, Sendable {
  public var method: RTSPMethod
  /// As sent: absolute, a path, or `*`.
  public var uri: String
  public var headers: RTSPHeaders
  public var body: ByteBuffer

  public init(_ method: RTSPMethod, _ uri: String, headers: RTSPHeaders = [:], body: ByteBuffer = ByteBuffer()) {
    self.method = method
    self.uri = uri
    self.headers = headers
    self.body = body
  }

  /// Appends the request; Content-Length is written for it.
  public func write(into buffer: inout ByteBuffer) {
    buffer.writeString("\(method) \(uri) RTSP/1.0\r\n")
    headers.write(into: &buffer, body: body)
  }
}

/// A response, RFC 2326 §7.
public struct RTSPResponse: Hashable, Sendable {
  public var status: RTSPStatus
  public var headers: RTSPHeaders
  public var body: ByteBuffer

  public init(_ status: RTSPStatus, headers: RTSPHeaders = [:], body: ByteBuffer = ByteBuffer()) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// Appends the response; Content-Length is written for it.
  public func write(into buffer: inout ByteBuffer) {
    buffer.writeString("RTSP/1.0 \(status.code) \(status.reason)\r\n")
    headers.write(into: &buffer, body: body)
  }
}

/// What comes out of an RTSP connection.
public enum RTSPMessage: Hashable, Sendable {
  case request(RTSPRequest)
  case response(RTSPResponse)
  /// RTP (even channels, by custom) or RTCP between the messages, RFC 2326 §10.12.
  case interleaved(channel: UInt8, ByteBuffer)

  /// Appends the message.
  public func write(into buffer: inout ByteBuffer) {
    switch self {
    case .request(let request): request.write(into: &buffer)
    case .response(let response): response.write(into: &buffer)
    case .interleaved(let channel, let payload):
      buffer.writeMultipleIntegers(UInt8(ascii: "$"), channel, UInt16(truncatingIfNeeded: payload.readableBytes))
      buffer.writeImmutableBuffer(payload)
    }
  }
}

extension RTSPHeaders {
  fileprivate func write(into buffer: inout ByteBuffer, body: ByteBuffer) {
    for field in fields where !field.name.equalsIgnoringCase("Content-Length") {
      buffer.writeString("\(field.name): \(field.value)\r\n")
    }
    if body.readableBytes > 0 { buffer.writeString("Content-Length: \(body.readableBytes)\r\n") }
    buffer.writeString("\r\n")
    buffer.writeImmutableBuffer(body)
  }
}
