public import NIOCore

/// Server-to-client WebSocket messages, RFC 6455 §5.2: one final frame, not masked.
///
///     0                   1                   2                   3
///     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
///    +-+-+-+-+-------+-+-------------+-------------------------------+
///    |F|R|R|R| opcode|M| Payload len |  Extended payload length      |
///    |I|S|S|S|  (4)  |A|     (7)     |  (16 or 64 bits)              |
///    +-+-+-+-+-------+-+-------------+-------------------------------+
public enum WebSocketFraming {
  /// Opcodes that a server sends.
  public enum Opcode: UInt8, Sendable {
    case text = 0x1
    case binary = 0x2
    case close = 0x8
    case ping = 0x9
    case pong = 0xA
  }

  /// The longest header.
  public static let headerBytes = 10

  /// Writes a frame header for `payloadBytes` bytes.
  public static func writeHeader(_ opcode: Opcode, payloadBytes: Int, into buffer: inout ByteBuffer) {
    buffer.writeInteger(0x80 | opcode.rawValue)
    switch payloadBytes {
    case ..<126: buffer.writeInteger(UInt8(payloadBytes))
    case ...0xFFFF:
      buffer.writeInteger(UInt8(126))
      buffer.writeInteger(UInt16(payloadBytes))
    default:
      buffer.writeInteger(UInt8(127))
      buffer.writeInteger(UInt64(payloadBytes))
    }
  }

  /// A whole message.
  public static func message(_ opcode: Opcode, payload: ByteBuffer) -> ByteBuffer {
    var buffer = ByteBufferAllocator().buffer(capacity: headerBytes + payload.readableBytes)
    writeHeader(opcode, payloadBytes: payload.readableBytes, into: &buffer)
    buffer.writeImmutableBuffer(payload)
    return buffer
  }
}
