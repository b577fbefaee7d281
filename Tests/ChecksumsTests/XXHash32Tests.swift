import Checksums
import Testing

struct XXHash32Tests {
  private static func checksum(_ bytes: [UInt8], seed: UInt32 = 0) -> UInt32 {
    bytes.withUnsafeBytes { XXHash32.checksum(of: $0, seed: seed) }
  }

  @Test(
    arguments: [
      ("", 0x02CC_5D05), ("a", 0x550D_7456), ("abc", 0x32D1_53FF),
      ("Nobody inspects the spammish repetition", 0xE229_3B2F),
    ] as [(String, UInt32)])
  func knownValues(text: String, expected: UInt32) {
    #expect(Self.checksum(Array(text.utf8)) == expected)
  }

  /// The table of the reference implementation's self-test: its own random bytes, without a seed and with one.
  @Test(
    arguments: [
      (0, 0, 0x02CC_5D05), (0, 0x9E37_79B1, 0x36B7_8AE7), (1, 0, 0xCF65_B03E), (1, 0x9E37_79B1, 0xB454_5AA4),
      (14, 0, 0x1208_E7E2), (14, 0x9E37_79B1, 0x6AF1_D1FE), (222, 0, 0x5BD1_1DBD), (222, 0x9E37_79B1, 0x5880_3C5F),
    ] as [(Int, UInt32, UInt32)])
  func valuesOfTheReference(count: Int, seed: UInt32, expected: UInt32) {
    var generator: UInt64 = 0x9E37_79B1
    let bytes = (0..<count).map { _ in
      defer { generator = generator &* 0x9E37_79B1_85EB_CA8D }
      return UInt8(truncatingIfNeeded: generator >> 56)
    }
    #expect(Self.checksum(bytes, seed: seed) == expected)
  }
}
