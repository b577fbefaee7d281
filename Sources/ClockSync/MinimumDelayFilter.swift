public import MediaModel

/// Picks the best of a server's last samples: the one whose error bound is smallest now.
///
/// What makes a sample bad is waiting in queues, and that shows as delay; so the fastest exchange is right about most
/// (RFC 5905 §10). Samples lose worth as they age, since the host's clock drifts.
public struct MinimumDelayFilter: Hashable, Sendable {
  /// The best sample, and how far it is to be trusted.
  public struct Best: Hashable, Sendable {
    public var sample: TimeSample
    /// Error bound of the sample now, without delay and server: what it had, and its age since.
    public var dispersion: Nanoseconds
    /// Root mean square of how the other samples differ from the best.
    public var jitter: Nanoseconds

    /// Error bound over all: half the delay, dispersion, jitter and the server's own error.
    public var distance: Nanoseconds {
      Nanoseconds(sample.delay.value / 2 + dispersion.value + jitter.value + sample.rootDistance.value)
    }
  }

  /// As many as RFC 5905 §10 keeps.
  public static let capacity = 8

  /// Oldest first.
  public private(set) var samples: [TimeSample] = []

  public init() {}

  /// Takes a sample; the oldest gives way.
  public mutating func add(_ sample: TimeSample) {
    if samples.count == Self.capacity { samples.removeFirst() }
    samples.append(sample)
  }

  /// Forgets everything: the server at this name is another one now.
  public mutating func clear() { samples.removeAll() }

  /// The best sample at `now`; `nil` when there is none.
  /// - Parameter frequency: how much faster network time runs than the host's clock, so that samples of different age
  ///   can be compared.
  public func best(at now: HostTime, frequency: Double) -> Best? {
    guard let best = samples.min(by: { bound($0, at: now) < bound($1, at: now) }) else { return nil }
    let others = samples.filter { $0 != best }
    let squares = others.reduce(0.0) { sum, sample in
      let drift = frequency * Double(sample.at.since(best.at).value)
      let difference = Double(sample.epoch &- best.epoch) - drift
      return sum + difference * difference
    }
    let jitter = others.isEmpty ? 0 : (squares / Double(others.count)).squareRoot()
    return Best(
      sample: best, dispersion: dispersion(best, at: now),
      jitter: Nanoseconds(Int64(min(jitter, Double(TimeSample.rootDistanceLimit.value)))))
  }

  private func bound(_ sample: TimeSample, at now: HostTime) -> Int64 {
    sample.delay.value / 2 &+ dispersion(sample, at: now).value
  }

  private func dispersion(_ sample: TimeSample, at now: HostTime) -> Nanoseconds {
    let age = Double(max(0, now.since(sample.at).value))
    return Nanoseconds(sample.dispersion.value &+ Int64(TimeSample.driftTolerance * age))
  }
}
