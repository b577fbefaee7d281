public import MediaModel

/// Observations sorted into buckets. Recording is a short search and two atomic updates, without a lock or an
/// allocation, so it may sit on the path of every frame.
public final class PrometheusHistogram: Sendable {
  /// Inclusive upper bounds, ascending; a last bucket without bound follows them.
  public let bounds: [Double]
  private let counts: AtomicCounters
  private let sum = AtomicDouble()

  /// - Parameter buckets: upper bounds; put in order, and those that are not finite or occur twice left out.
  package init(buckets: [Double]) {
    bounds = Set(buckets.filter(\.isFinite)).sorted()
    counts = AtomicCounters(count: bounds.count + 1)
  }

  /// Adds one observation, in the unit of the metric's name; `NaN` is ignored.
  /// - Complexity: O(log buckets), no allocation.
  public func record(_ value: Double) {
    guard !value.isNaN else { return }
    counts.increment(bucket(of: value))
    sum.add(value)
  }

  /// Adds a duration to a metric in seconds.
  public func record(_ duration: Nanoseconds) { record(duration.seconds) }

  /// The first bucket whose bound is at least `value`.
  private func bucket(of value: Double) -> Int {
    var low = 0
    var high = bounds.count
    while low < high {
      let middle = (low + high) / 2
      if bounds[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// What a histogram holds at one moment.
  public struct Snapshot: Hashable, Sendable {
    /// Inclusive upper bounds, the unbounded last bucket left out.
    public let bounds: [Double]
    /// Observations in each bucket, not cumulative; one more than `bounds`.
    public let counts: [UInt64]
    /// Sum of all observations.
    public let sum: Double

    public init(bounds: [Double], counts: [UInt64], sum: Double) {
      self.bounds = bounds
      self.counts = counts
      self.sum = sum
    }

    /// Number of observations.
    public var count: UInt64 { counts.reduce(0, &+) }

    /// The value under which `fraction` of the observations lie, linear within a bucket.
    /// - Parameter fraction: 0…1; 0.99 for the 99th percentile.
    /// - Returns: `nil` without observations; the largest bound when the answer lies beyond it.
    public func quantile(_ fraction: Double) -> Double? {
      let total = Double(count)
      guard total > 0 else { return nil }
      let rank = max(0, min(1, fraction)) * total
      var below = 0.0
      for (index, inBucket) in counts.enumerated() where inBucket > 0 {
        let reached = below + Double(inBucket)
        if reached >= rank {
          guard index < bounds.count else { return bounds.last }
          let lower = index == 0 ? min(0, bounds[0]) : bounds[index - 1]
          return lower + (bounds[index] - lower) * (rank - below) / Double(inBucket)
        }
        below = reached
      }
      return bounds.last
    }
  }

  /// The content now. Recording goes on meanwhile; the count always equals the sum of the buckets.
  public func snapshot() -> Snapshot {
    Snapshot(bounds: bounds, counts: (0..<counts.count).map(counts.load), sum: sum.value)
  }
}
