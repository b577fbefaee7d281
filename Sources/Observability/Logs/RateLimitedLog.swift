public import MediaModel

/// Decides which of many equal events are worth a log record: the first few of each interval, and then one that
/// says how many were left out.
public struct RateLimitedLog: Sendable, Equatable {
  /// What to do about an event.
  public enum Decision: Hashable, Sendable {
    /// Log it. `suppressedBefore` events of earlier intervals were left out since the last record.
    case log(suppressedBefore: Int)
    /// Leave it out.
    case suppress
  }

  private let burst: Int
  private let interval: Nanoseconds
  private var intervalEnd: HostTime?
  private var loggedInInterval = 0
  /// Events left out since the last record.
  public private(set) var suppressed = 0

  /// - Parameters:
  ///   - burst: records in each interval, at least 1.
  ///   - interval: how long an interval lasts; it starts with the first event after the one before ended.
  public init(burst: Int = 5, interval: Nanoseconds = .seconds(10)) {
    self.burst = max(1, burst)
    self.interval = interval
  }

  /// Notes an event.
  public mutating func event(at now: HostTime) -> Decision {
    if let intervalEnd, now < intervalEnd {
      guard loggedInInterval < burst else {
        suppressed += 1
        return .suppress
      }
    } else {
      intervalEnd = now.advanced(by: interval)
      loggedInInterval = 0
    }
    loggedInInterval += 1
    return .log(suppressedBefore: takeSuppressed())
  }

  /// How many events were left out since the last record; starts counting again. For the end of a connection.
  public mutating func takeSuppressed() -> Int {
    defer { suppressed = 0 }
    return suppressed
  }
}
