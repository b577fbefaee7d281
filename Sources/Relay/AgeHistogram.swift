public import MediaModel

/// Ages of frames when they are sent, in 32 buckets from 0.25 ms up, each half as wide again as the one below.
///
/// Small enough for one per reader: 264 bytes, no allocation to record.
public struct AgeHistogram: Sendable {
  private static let bounds: [Int64] = (0..<31).map { step in
    var bound = 250_000.0
    for _ in 0..<step { bound *= 1.5 }
    return Int64(bound)
  }

  private var counts = InlineArray<32, UInt64>(repeating: 0)
  /// Ages recorded.
  public private(set) var count: UInt64 = 0

  public init() {}

  /// Records one age; a negative one counts as zero.
  public mutating func record(_ age: Nanoseconds) {
    var low = 0
    var high = 31
    while low < high {
      let middle = (low + high) / 2
      if Self.bounds[middle] < age.value { low = middle + 1 } else { high = middle }
    }
    counts[low] += 1
    count += 1
  }

  /// Adds the counts of `other`.
  public mutating func merge(_ other: AgeHistogram) {
    for index in 0..<32 { counts[index] += other.counts[index] }
    count += other.count
  }

  /// An upper bound of the age that the fraction `quantile` of all frames did not exceed, or `nil` without frames.
  /// - Parameter quantile: 0…1.
  public func quantile(_ quantile: Double) -> Nanoseconds? {
    guard count > 0 else { return nil }
    let rank = max(1, UInt64((Double(count) * quantile).rounded(.up)))
    var seen: UInt64 = 0
    for index in 0..<32 {
      seen += counts[index]
      if seen >= rank { return Nanoseconds(Self.bounds[min(index, 30)]) }
    }
    return Nanoseconds(Self.bounds[30])
  }
}
