public import NIOCore
import NIOWebSocket
public import WebSocketProtocol

/// A whole WebSocket message.
public enum WebSocketMessage: Sendable, Equatable {
  case text(String)
  case binary(ByteBuffer)
}

/// Why a WebSocket could not be opened or broke.
public enum WebSocketError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The address is no `ws://` or `wss://` URL.
  case invalidAddress(String)
  /// The server answered the handshake with something else than 101.
  case refused(status: Int, reason: String)
  /// The peer closed with this code.
  case closed(code: UInt16, reason: String)
  /// A message was longer than allowed.
  case messageTooBig(limit: Int)
  /// The peer broke RFC 6455.
  case protocolViolation(String)

  public var description: String {
    switch self {
    case .invalidAddress(let text): "'\(text)' is no WebSocket address; expected ws://HOST[:PORT]/PATH or wss://…"
    case .refused(let status, let reason): "the server refused the WebSocket: \(status) \(reason)"
    case .closed(let code, let reason): "the peer closed the WebSocket: \(code) \(reason)"
    case .messageTooBig(let limit): "a message is longer than \(limit) bytes"
    case .protocolViolation(let what): "the peer broke the WebSocket protocol: \(what)"
    }
  }

  /// The code to close with because of this error.
  public var closeCode: WebSocketCloseCode {
    switch self {
    case .messageTooBig: .messageTooBig
    case .protocolViolation: .protocolError
    case .invalidAddress, .refused, .closed: .goingAway
    }
  }
}

/// Puts frames together to messages, RFC 6455 §5.4. A value: frames in, events out.
struct MessageAssembler {
  enum Event: Equatable {
    case message(WebSocketMessage)
    case ping(ByteBuffer)
    case pong
    case close(code: UInt16?, reason: String)
  }

  private enum Partial {
    case none
    case text(ByteBuffer)
    case binary(ByteBuffer)
  }

  private let limit: Int
  private var partial = Partial.none

  init(limit: Int) { self.limit = limit }

  /// - Returns: what the frame completes, or `nil` when more frames of the message are to come.
  mutating func receive(_ frame: WebSocketFrame) throws(WebSocketError) -> Event? {
    let data = frame.unmaskedData
    switch frame.opcode {
    case .text: return try begin(.text(data), size: data.readableBytes, isFinal: frame.fin)
    case .binary: return try begin(.binary(data), size: data.readableBytes, isFinal: frame.fin)
    case .continuation: return try proceed(with: data, isFinal: frame.fin)
    case .ping: return .ping(data)
    case .pong: return .pong
    case .connectionClose:
      var data = data
      let code = data.readInteger(as: UInt16.self)
      return .close(code: code, reason: data.readString(length: data.readableBytes) ?? "")
    default: throw .protocolViolation("unknown opcode")
    }
  }

  private mutating func begin(_ new: Partial, size: Int, isFinal: Bool) throws(WebSocketError) -> Event? {
    guard case .none = partial else { throw .protocolViolation("a new message inside another") }
    guard size <= limit else { throw .messageTooBig(limit: limit) }
    guard isFinal else {
      partial = new
      return nil
    }
    return Self.event(of: new)
  }

  private mutating func proceed(with data: ByteBuffer, isFinal: Bool) throws(WebSocketError) -> Event? {
    switch partial {
    case .none: throw .protocolViolation("a continuation without a message")
    case .text(var buffer):
      partial = .none
      try append(data, to: &buffer)
      partial = .text(buffer)
    case .binary(var buffer):
      partial = .none
      try append(data, to: &buffer)
      partial = .binary(buffer)
    }
    guard isFinal else { return nil }
    defer { partial = .none }
    return Self.event(of: partial)
  }

  private func append(_ data: ByteBuffer, to buffer: inout ByteBuffer) throws(WebSocketError) {
    guard buffer.readableBytes + data.readableBytes <= limit else { throw .messageTooBig(limit: limit) }
    buffer.writeImmutableBuffer(data)
  }

  private static func event(of partial: Partial) -> Event? {
    switch partial {
    case .none: nil
    case .text(let buffer): .message(.text(String(buffer: buffer)))
    case .binary(let buffer): .message(.binary(buffer))
    }
  }
}
