/// SplitMix64: small, fast, and the same sequence on every machine for a seed.
///
/// Source: Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators".
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// An independent sequence for each `stream` of a seed.
  init(seed: UInt64, stream: UInt64) { state = Self.scramble(seed &+ Self.scramble(stream &+ 0x9e37_79b9_7f4a_7c15)) }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    return Self.scramble(state)
  }

  /// Uniform in 0..<1.
  mutating func unit() -> Float { Float(next() >> 40) * 0x1p-24 }

  mutating func uniform(_ low: Float, _ high: Float) -> Float { low + (high - low) * unit() }

  mutating func integer(below bound: Int) -> Int { Int(next() >> 33) % bound }

  mutating func chance(_ probability: Float) -> Bool { unit() < probability }

  /// Normal with mean 0 and variance 1 (Box–Muller).
  mutating func gaussian() -> Double {
    let radius = (-2 * naturalLogarithm((Double(next() >> 11) + 1) * 0x1p-53)).squareRoot()
    return radius * cosine(2 * .pi * Double(next() >> 11) * 0x1p-53)
  }

  private static func scramble(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
