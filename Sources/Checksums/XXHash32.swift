/// XXH32, the 32-bit hash of the family xxHash: fast, and no protection against anybody.
///
/// Source: Collet, "xxHash fast digest algorithm", version 0.2.0, §3.
public enum XXHash32 {
  private static let primes: (UInt32, UInt32, UInt32, UInt32, UInt32) = (
    0x9E37_79B1, 0x85EB_CA77, 0xC2B2_AE3D, 0x27D4_EB2F, 0x1656_67B1
  )

  /// The hash of bytes. O(n), no allocation.
  public static func checksum(of bytes: UnsafeRawBufferPointer, seed: UInt32 = 0) -> UInt32 {
    var place = 0
    func word() -> UInt32 {
      defer { place += 4 }
      return UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
    }
    var hash: UInt32
    if bytes.count >= 16 {
      var lanes = (seed &+ primes.0 &+ primes.1, seed &+ primes.1, seed, seed &- primes.0)
      while place + 16 <= bytes.count {
        lanes.0 = round(lanes.0, word())
        lanes.1 = round(lanes.1, word())
        lanes.2 = round(lanes.2, word())
        lanes.3 = round(lanes.3, word())
      }
      hash = rotate(lanes.0, 1) &+ rotate(lanes.1, 7) &+ rotate(lanes.2, 12) &+ rotate(lanes.3, 18)
    } else {
      hash = seed &+ primes.4
    }
    hash = hash &+ UInt32(truncatingIfNeeded: bytes.count)
    while place + 4 <= bytes.count { hash = rotate(hash &+ word() &* primes.2, 17) &* primes.3 }
    while place < bytes.count {
      hash = rotate(hash &+ UInt32(bytes[place]) &* primes.4, 11) &* primes.0
      place += 1
    }
    hash = (hash ^ hash >> 15) &* primes.1
    hash = (hash ^ hash >> 13) &* primes.2
    return hash ^ hash >> 16
  }

  private static func round(_ lane: UInt32, _ input: UInt32) -> UInt32 {
    rotate(lane &+ input &* primes.1, 13) &* primes.0
  }

  private static func rotate(_ value: UInt32, _ bits: UInt32) -> UInt32 { value << bits | value >> (32 - bits) }
}
