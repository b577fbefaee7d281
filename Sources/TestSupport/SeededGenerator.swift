public import NIOCore

/// Random numbers that are the same in every run: SplitMix64 (Steele, Lea, Flood 2014).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// `count` random bytes.
  public mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
  }

  /// `count` bytes out of `alphabet`; a value that is in it twice comes twice as often.
  /// - Precondition: the alphabet is not empty.
  public mutating func bytes(_ count: Int, of alphabet: [UInt8]) -> [UInt8] {
    (0..<count).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &self)] }
  }
}

/// Damages messages, to show that a parser survives what a network can bring.
public enum Mutation {
  /// Calls `body` with `count` damaged copies of the seeds, the same in every run: bits flipped, bytes overwritten,
  /// inserted, removed, cut off or repeated.
  public static func forEach(of seeds: [ByteBuffer], count: Int, seed: UInt64 = 1, _ body: (ByteBuffer) throws -> Void)
    rethrows
  {
    guard !seeds.isEmpty else { return }
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<count {
      let original = seeds[Int.random(in: 0..<seeds.count, using: &generator)]
      var bytes = Array(original.readableBytesView)
      for _ in 0..<Int.random(in: 1...8, using: &generator) { mutate(&bytes, using: &generator) }
      try body(ByteBuffer(bytes: bytes))
    }
  }

  private static func mutate(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
    guard !bytes.isEmpty else {
      bytes = generator.bytes(4)
      return
    }
    let position = Int.random(in: 0..<bytes.count, using: &generator)
    switch Int.random(in: 0..<7, using: &generator) {
    case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    case 1: bytes[position] = UInt8.random(in: 0...255, using: &generator)
    case 2: bytes[position] = [0, 1, 3, 0x7f, 0x80, 0xff].randomElement(using: &generator) ?? 0
    case 3: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: position)
    case 4: bytes.remove(at: position)
    case 5: bytes.removeSubrange(position...)
    default:
      let length = min(bytes.count - position, Int.random(in: 1...16, using: &generator))
      bytes.insert(contentsOf: bytes[position..<(position + length)], at: position)
    }
  }
}
