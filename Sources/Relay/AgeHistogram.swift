public import MediaModel

/// Ages of frames when they are sent, in 32 buckets from 0.26 ms up, two for each power of two.
///
/// Small enough for one per reader: 264 bytes, no allocation to record.
public struct AgeHistogram: Sendable {
  /// The bucket of an age: its highest bit, and the bit below it.
  private static func bucket(of age: Nanoseconds) -> Int {
    let nanos = UInt64(max(0, age.value))
    guard nanos >> 18 > 0 else { return 0 }
    let exponent = 63 - nanos.leadingZeroBitCount
    let half = Int(nanos >> UInt64(exponent - 1)) & 1
    return min(31, 1 + 2 * (exponent - 18) + half)
  }

  /// The end of a bucket.
  private static func bound(of bucket: Int) -> Nanoseconds {
    guard bucket > 0 else { return Nanoseconds(1 << 18) }
    let base = Int64(1) << Int64(18 + (bucket - 1) / 2)
    return Nanoseconds(bucket.isMultiple(of: 2) ? 2 * base : base + base / 2)
  }

  private var counts = InlineArray<32, UInt64>(repeating: 0)
  /// Ages recorded.
  public private(set) var count: UInt64 = 0

  public init() {}

  /// Records one age; a negative one counts as zero.
  public mutating func record(_ age: Nanoseconds) {
    counts[Self.bucket(of: age)] += 1
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
      if seen >= rank { return Self.bound(of: index) }
    }
    return Self.bound(of: 31)
  }
}
