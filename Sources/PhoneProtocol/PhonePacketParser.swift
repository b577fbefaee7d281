public import NIOCore

/// Reads packets. Has no state: one WebSocket message is one packet.
public struct PhonePacketParser: Hashable, Sendable {
  /// Larger messages are refused; header included.
  public var messageBytes: Int

  /// - Parameter messageBytes: clients are known to use a limit of 10 MB.
  public init(messageBytes: Int = 10_000_000) { self.messageBytes = messageBytes }

  /// Reads one message.
  ///
  /// The total size must be right. A payload size of zero is taken as "not filled in", as the total already says where
  /// the payload ends; any other value must be right too.
  public func parse(_ message: ByteBuffer) throws(PhonePacketError) -> PhonePacket {
    let got = message.readableBytes
    guard got <= messageBytes else { throw .oversized(bytes: got, limit: messageBytes) }
    var rest = message
    guard let (total, typeByte) = rest.readMultipleIntegers(as: (UInt32, UInt8).self) else {
      throw .short(bytes: got, headerBytes: PhonePacketType.sps.headerBytes)
    }
    guard let type = PhonePacketType(rawValue: typeByte) else { throw .unknownType(typeByte) }
    guard got >= type.headerBytes, let micros = rest.readInteger(as: Int64.self) else {
      throw .short(bytes: got, headerBytes: type.headerBytes)
    }
    guard Int(total) == got else { throw .sizeFieldLies(announced: total, got: got) }
    var flags = PhonePacket.Flags()
    if type.isFrame {
      guard let (announced, bits) = rest.readMultipleIntegers(as: (UInt32, UInt32).self) else {
        throw .short(bytes: got, headerBytes: type.headerBytes)
      }
      guard announced == 0 || Int(announced) == rest.readableBytes else {
        throw .payloadSizeLies(announced: announced, got: rest.readableBytes)
      }
      flags = PhonePacket.Flags(rawValue: bits)
    }
    guard rest.readableBytes > 0 else { throw .emptyPayload(type) }
    return PhonePacket(type: type, timestampMicros: micros, flags: flags, payload: rest.slice())
  }
}
