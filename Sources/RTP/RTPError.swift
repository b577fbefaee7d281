/// What is wrong with received RTP or RTCP bytes. Never a reason to end a session: the packet is counted and skipped.
public enum RTPError: Error, Equatable, Sendable {
  /// The packet ends before a field that it must have (RFC 3550 §5.1, §6.4).
  case truncated(field: String)
  /// The version field is not 2.
  case unsupportedVersion(UInt8)
  /// The padding count is zero, or larger than what is left of the packet.
  case invalidPadding(count: Int)
  /// A STAP-A announces a unit that is empty or longer than the packet (RFC 6184 §5.7.1).
  case invalidAggregate(announced: Int, left: Int)
  /// A NAL unit type that packetization mode 1 does not have, such as STAP-B or FU-B (RFC 6184 §6.3).
  case unsupportedNALUnitType(UInt8)
  /// A payload without a byte of NAL unit.
  case emptyPayload
  /// A fragment that continues no unit, or a start in the middle of one (RFC 6184 §5.8).
  case fragmentOutOfPlace
  /// More bytes or units in one access unit than ``RTPLimits`` allow.
  case accessUnitTooLarge(bytes: Int, nalUnits: Int)
}
