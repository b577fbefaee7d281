public import CodedMedia
public import NIOCore

/// The byte stream format of ISO/IEC 14496-10 annex B: NAL units behind start codes of three or four bytes.
public enum AnnexB {
  /// Finds the NAL units in a byte stream.
  ///
  /// Offsets count from the reader index and point to the NAL header. Trailing zeros (§B.1.1) belong to no unit, empty
  /// units are left out, and so are bytes in front of the first start code.
  ///
  /// - Parameter limit: at most this many units are returned; the last of them ends where it ends in the stream.
  /// - Complexity: one pass, eight bytes a step where there are no zeros.
  public static func nalUnitRanges(in buffer: ByteBuffer, limit: Int = .max) -> [CodedPicture.NALRange] {
    buffer.withUnsafeReadableBytes { nalUnitRanges(in: $0, limit: limit) }
  }

  /// The same over raw memory; offsets count from its first byte.
  public static func nalUnitRanges(in bytes: UnsafeRawBufferPointer, limit: Int = .max) -> [CodedPicture.NALRange] {
    var units: [CodedPicture.NALRange] = []
    guard var code = startCode(in: bytes, from: 0) else { return units }
    while units.count < limit {
      let start = code + 3
      let next = startCode(in: bytes, from: start)
      var end = next ?? bytes.count
      while end > start, bytes[end - 1] == 0 { end -= 1 }
      if end > start { units.append(CodedPicture.NALRange(offset: start, length: end - start)) }
      guard let next else { break }
      code = next
    }
    return units
  }

  /// Where the start code in front of a NAL unit begins: its zero_byte where there is one, else its first zero.
  ///
  /// - Parameters:
  ///   - nalOffset: offset of the NAL header from the first byte, at least 3.
  ///   - floor: the start code does not reach in front of this offset (the end of the unit before).
  static func startCodeOffset(ofNALAt nalOffset: Int, in bytes: UnsafeRawBufferPointer, floor: Int) -> Int {
    let code = nalOffset - 3
    return code > floor && bytes[code - 1] == 0 ? code - 1 : code
  }

  /// The offset of the first `00 00 01` at or behind `start`.
  private static func startCode(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
    let lowBits: UInt64 = 0x0101_0101_0101_0101
    let highBits: UInt64 = 0x8080_8080_8080_8080
    var offset = start
    // A start code begins with a zero byte: words without one are stepped over. (w - 0x01…) & ~w & 0x80… is not zero
    // exactly when a byte of w is zero.
    while offset + 10 <= bytes.count {
      let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      if (word &- lowBits) & ~word & highBits != 0 {
        for position in offset..<(offset + 8) where isStartCode(bytes, at: position) { return position }
      }
      offset += 8
    }
    while offset + 3 <= bytes.count {
      if isStartCode(bytes, at: offset) { return offset }
      offset += 1
    }
    return nil
  }

  @inline(__always)
  private static func isStartCode(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
    bytes[offset] == 0 && bytes[offset + 1] == 0 && bytes[offset + 2] == 1
  }
}
