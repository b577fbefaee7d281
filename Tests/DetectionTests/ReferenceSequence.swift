/// Numbers that the script which made the golden values draws alike.
struct ReferenceSequence {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// 0…limit − 1. Source: Knuth's MMIX generator, the upper bits.
  mutating func next(_ limit: UInt32) -> UInt32 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return UInt32(truncatingIfNeeded: state >> 33) % limit
  }
}

/// FNV-1a, 64 bits, of numbers as four bytes each.
struct Checksum {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(_ number: Int) {
    for byte in 0..<4 { value = (value ^ UInt64(number >> (8 * byte) & 255)) &* 0x100_0000_01b3 }
  }
}
