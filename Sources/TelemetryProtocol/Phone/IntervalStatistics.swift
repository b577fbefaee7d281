public import MediaModel

/// Rate and regularity of one type of message, over about a minute.
public struct IntervalStatistics: Hashable, Sendable {
  /// What came in one span of time.
  public struct Summary: Hashable, Sendable {
    /// Messages since the connection began.
    public var total: UInt64 = 0
    /// Intervals that the following is about.
    public var intervals = 0
    public var mean = Nanoseconds.zero
    /// Standard deviation of the intervals.
    public var jitter = Nanoseconds.zero
    public var longestGap = Nanoseconds.zero

    /// Messages a second; 0 when unknown.
    public var ratePerSecond: Double { mean.value > 0 ? 1 / mean.seconds : 0 }
  }

  /// Fewer intervals than this say little, so those of the minute before are shown instead.
  private static let telling = 10

  private var total: UInt64 = 0
  private var last: Int64?
  private var current = Window()
  private var previous = Window()

  private struct Window: Hashable, Sendable {
    var count = 0
    var meanNanos = 0.0
    /// Sum of squared deviations, Welford's way.
    var squares = 0.0
    var longest: Int64 = 0

    mutating func add(_ interval: Int64) {
      count += 1
      let difference = Double(interval) - meanNanos
      meanNanos += difference / Double(count)
      squares += difference * (Double(interval) - meanNanos)
      longest = max(longest, interval)
    }
  }

  public init() {}

  /// Adds a message.
  /// - Parameter nanos: its time; of the device where it has one, else of arrival.
  public mutating func add(_ nanos: Int64) {
    total += 1
    if let last, nanos > last, nanos - last < 3_600_000_000_000 { current.add(nanos - last) }
    last = nanos
  }

  /// A minute is over.
  public mutating func beginWindow() {
    previous = current
    current = Window()
  }

  /// The running minute, or the one before when the running one has just begun.
  public var summary: Summary {
    let window = current.count >= Self.telling || previous.count == 0 ? current : previous
    var summary = Summary()
    summary.total = total
    summary.intervals = window.count
    summary.mean = Nanoseconds(Int64(window.meanNanos))
    if window.count > 1 {
      summary.jitter = Nanoseconds(Int64((window.squares / Double(window.count - 1)).squareRoot()))
    }
    summary.longestGap = Nanoseconds(window.longest)
    return summary
  }
}
