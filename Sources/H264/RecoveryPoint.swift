public import NIOCore

/// The recovery point SEI message (ISO/IEC 14496-10 §D.1.8): where decoding can start without an IDR picture.
public struct RecoveryPoint: Hashable, Sendable {
  /// recovery_frame_cnt: after how many frames in decoding order the output is right.
  public var framesToRecover: Int
  /// exact_match_flag: whether the output is then exactly right.
  public var isExact: Bool
  /// broken_link_flag: pictures that follow may show remains of what a splice removed.
  public var isBrokenLink: Bool

  /// Finds the message in an SEI NAL unit, which may hold several.
  /// - Returns: `nil` when there is none, or when the messages in front of it are damaged.
  public static func find(inSEI nalUnit: ByteBuffer) -> RecoveryPoint? {
    guard nalUnit.readableBytes > 1, (try? requireType(.sei, of: nalUnit)) != nil else { return nil }
    // Payload sizes count bytes without emulation prevention (§7.3.2.3.1).
    var payload = EmulationPrevention.removed(from: nalUnit)
    payload.moveReaderIndex(forwardBy: 1)
    while payload.readableBytes > 2 {
      guard let type = readExtended(&payload), let size = readExtended(&payload) else { return nil }
      guard let message = payload.readSlice(length: size) else { return nil }
      if type == 6 { return try? RecoveryPoint(message: message) }
    }
    return nil
  }

  private init(message: ByteBuffer) throws(H264Error) {
    var reader = BitReader(payload: message, structure: "recovery point SEI")
    framesToRecover = try reader.readUnsigned(in: 0...65_535, "recovery_frame_cnt")
    isExact = try reader.readBit()
    isBrokenLink = try reader.readBit()
  }

  /// A payload type or size: bytes of 0xFF count 255 each, the first other byte ends it (§7.3.2.3.1).
  private static func readExtended(_ buffer: inout ByteBuffer) -> Int? {
    var value = 0
    while let byte: UInt8 = buffer.readInteger() {
      value += Int(byte)
      if byte != 0xff { return value }
    }
    return nil
  }
}
