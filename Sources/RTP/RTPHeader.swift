public import NIOCore

/// The fixed header of an RTP packet, RFC 3550 §5.1.
///
/// ```
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |V=2|P|X|  CC   |M|     PT      |       sequence number         |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                           timestamp                           |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |           synchronization source (SSRC) identifier            |
/// +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
/// ```
public struct RTPHeader: Hashable, Sendable {
  /// Bytes of the header without contributing sources and extension; what ``write(into:)`` writes.
  public static let byteCount = 12

  /// For video: the last packet of an access unit.
  public var marker: Bool
  /// 0…127; 96 and up are named by the session description.
  public var payloadType: UInt8
  public var sequence: UInt16
  /// 90 kHz ticks modulo 2³².
  public var timestamp: UInt32
  /// The sender's synchronisation source.
  public var ssrc: UInt32

  public init(marker: Bool, payloadType: UInt8, sequence: UInt16, timestamp: UInt32, ssrc: UInt32) {
    self.marker = marker
    self.payloadType = payloadType
    self.sequence = sequence
    self.timestamp = timestamp
    self.ssrc = ssrc
  }

  /// Takes the header off `packet`, with contributing sources and extension, and the padding off its end: what
  /// remains readable is the payload.
  public static func read(from packet: inout ByteBuffer) throws(RTPError) -> RTPHeader {
    guard let first = packet.readInteger(as: UInt8.self) else { throw .truncated(field: "version") }
    guard first >> 6 == 2 else { throw .unsupportedVersion(first >> 6) }
    guard let second = packet.readInteger(as: UInt8.self), let sequence = packet.readInteger(as: UInt16.self),
      let timestamp = packet.readInteger(as: UInt32.self), let ssrc = packet.readInteger(as: UInt32.self)
    else { throw .truncated(field: "fixed header") }
    let contributors = Int(first & 0x0F)
    guard packet.readableBytes >= 4 * contributors else { throw .truncated(field: "contributing sources") }
    packet.moveReaderIndex(forwardBy: 4 * contributors)
    if first & 0x10 != 0 {
      guard packet.readInteger(as: UInt16.self) != nil, let words = packet.readInteger(as: UInt16.self),
        packet.readableBytes >= 4 * Int(words)
      else { throw .truncated(field: "header extension") }
      packet.moveReaderIndex(forwardBy: 4 * Int(words))
    }
    if first & 0x20 != 0 { try trimPadding(of: &packet) }
    return RTPHeader(
      marker: second & 0x80 != 0, payloadType: second & 0x7F, sequence: sequence, timestamp: timestamp, ssrc: ssrc)
  }

  private static func trimPadding(of packet: inout ByteBuffer) throws(RTPError) {
    guard packet.readableBytes > 0, let count = packet.getInteger(at: packet.writerIndex - 1, as: UInt8.self) else {
      throw .truncated(field: "padding")
    }
    guard count > 0, Int(count) <= packet.readableBytes else { throw .invalidPadding(count: Int(count)) }
    packet.moveWriterIndex(to: packet.writerIndex - Int(count))
  }

  /// Appends the twelve bytes of the header, without padding, extension and contributing sources.
  public func write(into buffer: inout ByteBuffer) {
    buffer.writeMultipleIntegers(
      UInt8(0x80), payloadType & 0x7F | (marker ? 0x80 : 0), sequence, timestamp, ssrc)
  }
}
