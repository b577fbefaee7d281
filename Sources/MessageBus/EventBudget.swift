public import MediaModel

/// How many events of one kind go out: a burst at once, and so many a second on average. A value: times in, decisions
/// out.
public struct EventBudget: Hashable, Sendable {
  /// Events that go out at once after a quiet time.
  public let burst: Int
  /// Events that go out each second when there are always more.
  public let perSecond: Int
  /// What is left, in billionths of an event.
  private var credit: Int64
  private var lastAt: HostTime?
  private var suppressed = 0

  public init(burst: Int = 100, perSecond: Int = 20) {
    self.burst = burst
    self.perSecond = perSecond
    credit = Int64(burst) * 1_000_000_000
  }

  /// Decides about an event.
  /// - Returns: how many were left out since the last one that went out, or `nil` when this one is left out too.
  public mutating func event(at now: HostTime) -> Int? {
    let full = Int64(burst) * 1_000_000_000
    if let lastAt {
      // An hour fills any bucket, and keeps the product from overflowing.
      let elapsed = min(max(0, now.since(lastAt).value), 3_600_000_000_000)
      credit = min(full, credit + elapsed * Int64(perSecond))
    }
    lastAt = now
    guard credit >= 1_000_000_000 else {
      suppressed += 1
      return nil
    }
    credit -= 1_000_000_000
    defer { suppressed = 0 }
    return suppressed
  }
}
