public import NIOCore

/// Writes H.264 syntax elements, to build the NAL units of tests.
public struct BitWriter: Sendable {
  private var bytes: [UInt8] = []
  private var bitCount = 0

  public init() {}

  public mutating func flag(_ value: Bool) { bits(value ? 1 : 0, 1) }

  /// The lowest `count` bits of `value`, highest first: u(n).
  public mutating func bits(_ value: UInt64, _ count: Int) {
    for position in stride(from: count - 1, through: 0, by: -1) {
      if bitCount % 8 == 0 { bytes.append(0) }
      if (value >> UInt64(position)) & 1 == 1 { bytes[bytes.count - 1] |= 0x80 >> UInt8(bitCount % 8) }
      bitCount += 1
    }
  }

  /// Unsigned Exp-Golomb: ue(v).
  public mutating func unsigned(_ value: Int) {
    let code = UInt64(value) + 1
    let length = 64 - code.leadingZeroBitCount
    bits(0, length - 1)
    bits(code, length)
  }

  /// Signed Exp-Golomb: se(v).
  public mutating func signed(_ value: Int) { unsigned(value > 0 ? 2 * value - 1 : -2 * value) }

  /// A NAL unit with `header` as its first byte: trailing bits and emulation prevention added.
  public func nalUnit(header: UInt8) -> ByteBuffer {
    var whole = self
    whole.flag(true)
    return Self.nalUnit(header: header, payload: whole.bytes)
  }

  /// A NAL unit of `payload`, with emulation prevention added.
  public static func nalUnit(header: UInt8, payload: [UInt8]) -> ByteBuffer {
    var unit = ByteBuffer(bytes: [header])
    var zeros = 0
    for byte in payload {
      if zeros == 2, byte < 4 {
        unit.writeInteger(UInt8(3))
        zeros = 0
      }
      unit.writeInteger(byte)
      zeros = byte == 0 ? zeros + 1 : 0
    }
    return unit
  }

  /// The bits written so far; the last byte is filled up with zeros.
  public var written: [UInt8] { bytes }
}
