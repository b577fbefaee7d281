import Checksums
import TestSupport
import Testing

struct CRC32Tests {
  private static func checksum(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { CRC32.checksum(of: $0) } }

  /// Bit by bit, as the polynomial division is defined.
  private static func slowChecksum(_ bytes: [UInt8]) -> UInt32 {
    var crc = UInt32.max
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
  }

  @Test(
    arguments: [
      ("", 0), ("a", 0xE8B7_BE43), ("123456789", 0xCBF4_3926),
      ("The quick brown fox jumps over the lazy dog", 0x414F_A339),
    ] as [(String, UInt32)])
  func knownValues(text: String, expected: UInt32) {
    #expect(Self.checksum(Array(text.utf8)) == expected)
  }

  @Test func everyLengthAndSplitIsTheDivisionByThePolynomial() {
    var random = SeededGenerator(seed: 1)
    let bytes = (0..<100).map { _ in UInt8.random(in: 0...255, using: &random) }
    for length in 0...100 {
      let piece = Array(bytes[..<length])
      let expected = Self.slowChecksum(piece)
      #expect(Self.checksum(piece) == expected)
      for split in stride(from: 0, through: length, by: 7) {
        let sum = piece.withUnsafeBytes { whole in
          CRC32.checksum(
            UnsafeRawBufferPointer(rebasing: whole[..<split]), UnsafeRawBufferPointer(rebasing: whole[split...]))
        }
        #expect(sum == expected)
        var combined = CRC32()
        Array(piece[..<split]).withUnsafeBytes { combined.update($0) }
        combined.append(checksum: Self.checksum(Array(piece[split...])), count: length - split)
        #expect(combined.value == expected)
      }
    }
  }

  @Test func appendingKnownSumsIsAppendingTheirBytes() {
    var random = SeededGenerator(seed: 2)
    var whole = CRC32()
    var combined = CRC32()
    for length in [1, 0, 17, 4_096, 100_003, 3] {
      let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
      bytes.withUnsafeBytes { whole.update($0) }
      combined.append(checksum: Self.checksum(bytes), count: length)
      #expect(combined == whole)
    }
  }
}
