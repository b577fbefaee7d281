public import MediaModel

/// Finds the servers that tell the truth among those that answer (RFC 5905 §11.2.1, after Marzullo).
///
/// Each server claims an interval in which the true time lies. Those whose midpoint lies in the intersection of a
/// majority of intervals are taken for truechimers; there is no answer without a majority.
public enum ServerSelection {
  /// What one server claims.
  public struct Candidate: Hashable, Sendable {
    /// Wall time minus host time, nanoseconds.
    public var epoch: Int64
    /// The true value is within this of `epoch`.
    public var distance: Nanoseconds

    public init(epoch: Int64, distance: Nanoseconds) {
      self.epoch = epoch
      self.distance = distance
    }
  }

  /// Good servers on a local network claim to be better than their distance to each other (as `tos mindist` of ntpd).
  private static let smallestDistance: Int64 = 1_000_000

  /// The positions of the truechimers, in order; empty when there is no majority.
  public static func truechimers(_ candidates: [Candidate]) -> [Int] {
    guard let base = candidates.first?.epoch else { return [] }
    // Against the first, so that sums of extreme claims do not overflow.
    let intervals = candidates.map { candidate in
      let middle = candidate.epoch &- base
      let half = max(smallestDistance, candidate.distance.value)
      return (low: middle.subtractingClamped(half), middle: middle, high: middle.addingClamped(half))
    }
    // Fewest falsetickers first.
    for falsetickers in 0..<(candidates.count + 1) / 2 {
      let needed = candidates.count - falsetickers
      let lows = intervals.map(\.low).sorted()
      let highs = intervals.map(\.high).sorted()
      let start = lows.first { edge in intervals.count { $0.low <= edge && edge <= $0.high } >= needed }
      let end = highs.last { edge in intervals.count { $0.low <= edge && edge <= $0.high } >= needed }
      guard let start, let end, start <= end else { continue }
      let inside = intervals.indices.filter { start <= intervals[$0].middle && intervals[$0].middle <= end }
      if inside.count >= needed { return inside }
    }
    return []
  }
}

extension Int64 {
  fileprivate func addingClamped(_ other: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }

  fileprivate func subtractingClamped(_ other: Int64) -> Int64 {
    let (difference, overflow) = subtractingReportingOverflow(other)
    return overflow ? .min : difference
  }
}
