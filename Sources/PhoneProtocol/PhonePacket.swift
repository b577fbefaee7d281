public import NIOCore

/// What a binary message of `/ws/video` carries (protocol.md, section 1).
public enum PhonePacketType: UInt8, Hashable, Sendable, CaseIterable {
  case sps = 0x01
  case pps = 0x02
  case keyFrame = 0x03
  case frame = 0x04
  /// SPS and PPS together.
  case config = 0x05

  /// Frame packets have a longer header, with payload size and flags.
  public var isFrame: Bool { self == .keyFrame || self == .frame }

  /// Bytes in front of the payload: 21 in frame packets, else 13.
  public var headerBytes: Int { isFrame ? 21 : 13 }
}

/// One packet of a phone.
public struct PhonePacket: Hashable, Sendable {
  /// Frame flags, as Android's MediaCodec gives them.
  public struct Flags: OptionSet, Hashable, Sendable {
    public var rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    public static let keyFrame = Flags(rawValue: 1)
  }

  public var type: PhonePacketType
  /// Capture time on the phone's clock, microseconds. Only that of frame packets orders the stream.
  public var timestampMicros: Int64
  /// Frame packets only; otherwise empty.
  public var flags: Flags
  /// H.264 in Annex B.
  public var payload: ByteBuffer

  public init(type: PhonePacketType, timestampMicros: Int64, flags: Flags = [], payload: ByteBuffer) {
    self.type = type
    self.timestampMicros = timestampMicros
    self.flags = flags
    self.payload = payload
  }
}
