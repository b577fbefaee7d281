public import NIOCore

/// Emulation prevention (ISO/IEC 14496-10 §7.4.1): in a NAL unit, `03` is put between `00 00` and any byte below 4.
public enum EmulationPrevention {
  /// The bytes of a NAL unit without its emulation prevention bytes. The header byte stays.
  public static func removed(from nalUnit: ByteBuffer) -> ByteBuffer {
    var result = ByteBuffer()
    result.reserveCapacity(nalUnit.readableBytes)
    var zeros = 0
    for byte in nalUnit.readableBytesView {
      if zeros >= 2, byte == 3 {
        zeros = 0
        continue
      }
      result.writeInteger(byte)
      zeros = byte == 0 ? zeros + 1 : 0
    }
    return result
  }
}
