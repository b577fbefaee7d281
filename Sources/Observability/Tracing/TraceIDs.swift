import Synchronization

/// Makes ids of traces and spans: a random number of this process, and a counter whose values are scattered over all
/// numbers, so that no id comes twice and any part of them can be chosen fairly. Never zero.
public final class TraceIDs: Sendable {
  private let process: UInt64
  private let count = Atomic<UInt64>(0)

  /// - Parameter process: the number of this process.
  public init(process: UInt64 = .random(in: 1 ... .max)) { self.process = process }

  /// A new trace id.
  public func nextTrace() -> (high: UInt64, low: UInt64) { (process, next()) }

  /// A new span id.
  public func nextSpan() -> UInt64 {
    // One number in 2⁶⁴ is scattered to zero, which the standard forbids.
    let number = next()
    return number == 0 ? next() : number
  }

  private func next() -> UInt64 {
    let number = count.add(1, ordering: .relaxed).newValue
    return Self.scatter(number &+ process)
  }

  /// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): one to one, so distinct numbers stay distinct.
  private static func scatter(_ number: UInt64) -> UInt64 {
    var value = number &* 0x9e37_79b9_7f4a_7c15
    value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
    return value ^ value >> 31
  }
}
