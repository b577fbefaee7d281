public import NIOCore

/// Writes packets, byte for byte as section 1 of protocol.md says.
public enum PhonePacketWriter {
  /// Writes the header only, to be sent in front of a payload of `payloadBytes` that is not copied.
  /// - Precondition: header and payload together are shorter than 4 GiB, which ``PhonePacketParser`` would refuse anyway.
  public static func writeHeader(
    type: PhonePacketType, timestampMicros: Int64, flags: PhonePacket.Flags = [], payloadBytes: Int,
    to buffer: inout ByteBuffer
  ) {
    buffer.writeMultipleIntegers(UInt32(type.headerBytes + payloadBytes), type.rawValue, timestampMicros)
    if type.isFrame { buffer.writeMultipleIntegers(UInt32(payloadBytes), flags.rawValue) }
  }

  /// The whole message of a packet.
  public static func message(_ packet: PhonePacket) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.reserveCapacity(packet.type.headerBytes + packet.payload.readableBytes)
    writeHeader(
      type: packet.type, timestampMicros: packet.timestampMicros, flags: packet.flags,
      payloadBytes: packet.payload.readableBytes, to: &buffer)
    buffer.writeImmutableBuffer(packet.payload)
    return buffer
  }
}
