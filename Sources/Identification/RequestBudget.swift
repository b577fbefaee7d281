public import MediaModel

/// How many requests may be made, and what they may cost.
public struct RequestLimits: Hashable, Sendable {
  /// Requests a minute in the long run.
  public var perMinute = 10.0
  /// Requests that may follow one another at once.
  public var burst = 3.0
  public var perDay = 500
  /// What all requests of a day may cost, in the currency of the prices.
  public var costPerDay = 5.0

  public init() {}
}

/// Counts requests and their cost against limits: a token bucket for the rate, and days of UTC for the rest.
public struct RequestBudget: Sendable {
  public enum Verdict: Hashable, Sendable {
    /// It is counted and may go out.
    case granted
    /// Not counted; it may be asked for again after so much time.
    case later(Nanoseconds)
    /// Not today.
    case exhausted
  }

  public let limits: RequestLimits
  private var tokens: Double
  private var filledAt: HostTime?
  private var day: Int64?
  public private(set) var requestsToday = 0
  public private(set) var costToday = 0.0

  public init(_ limits: RequestLimits) {
    self.limits = limits
    tokens = limits.burst
  }

  /// Asks for one request.
  /// - Parameter cost: an estimate.
  public mutating func take(cost: Double, at now: HostTime, wall: WallTime) -> Verdict {
    let today = wall.nanosSince1970 / 86_400_000_000_000
    if day != today { (day, requestsToday, costToday) = (today, 0, 0) }
    guard requestsToday < limits.perDay, costToday + cost <= limits.costPerDay * (1 + 1e-9) else { return .exhausted }
    if let filledAt { tokens += max(0, now.since(filledAt).seconds) * limits.perMinute / 60 }
    tokens = min(tokens, max(1, limits.burst))
    filledAt = now
    // A billionth is rounding.
    guard tokens >= 1 - 1e-9 else {
      guard limits.perMinute > 0 else { return .exhausted }
      return .later(.seconds((1 - tokens) * 60 / limits.perMinute + 1e-6))
    }
    tokens -= 1
    requestsToday += 1
    costToday += cost
    return .granted
  }
}
