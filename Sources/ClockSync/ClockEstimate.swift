public import MediaModel

/// What network time is thought to be: a line through a point of host time.
public struct ClockEstimate: Hashable, Sendable {
  /// The host time of the point.
  public var at: HostTime
  /// Wall time minus host time at the point, nanoseconds since 1970.
  public var epoch: Int64
  /// How much faster network time runs than the host's clock; 50e-6 is 50 ppm.
  public var frequency: Double

  public init(at: HostTime, epoch: Int64, frequency: Double = 0) {
    self.at = at
    self.epoch = epoch
    self.frequency = frequency
  }

  /// Network time at `host`.
  public func wall(at host: HostTime) -> WallTime {
    WallTime(nanosSince1970: host.nanos &+ epoch &+ Int64(frequency * Double(host.since(at).value)))
  }
}

/// Makes an estimate of network time out of measurements, with the host clock's drift: a Kalman filter over phase and
/// frequency.
///
/// Measurements far off what is expected are taken for spikes; when they keep coming, the server's clock was set, and
/// the phase starts anew while the frequency, a property of the host's crystal, stays.
public struct ClockEstimator: Hashable, Sendable {
  /// What became of a measurement.
  public enum Outcome: Hashable, Sendable {
    /// The first one, or the phase starts anew.
    case started
    /// Taken in. `isExpected`: it fits what was predicted.
    case updated(isExpected: Bool)
    /// Left out as a spike.
    case spike
  }

  /// Crystals are within this of their frequency, or the clock is broken.
  public static let frequencyLimit = 250e-6
  /// Half of all hosts are within this; those whose clock somebody disciplines are much better.
  private static let frequencySpread = 30e-6
  /// So many spikes in a row are no spikes.
  private static let spikeLimit = 3

  private struct State: Hashable {
    var at: HostTime
    /// Nanoseconds since 1970 that `phase` counts from, so that seconds as `Double` stay exact.
    var base: Int64
    /// Seconds.
    var phase = 0.0
    var frequency = 0.0
    /// Covariance: s², s, 1.
    var phaseVariance: Double
    var covariance = 0.0
    var frequencyVariance: Double
    var spikes = 0

    mutating func predict(to time: HostTime) {
      let seconds = time.since(at).seconds
      phase += frequency * seconds
      phaseVariance += 2 * seconds * covariance + seconds * seconds * frequencyVariance + 1e-12 * seconds
      covariance += seconds * frequencyVariance
      // Temperature moves crystals by about 1 ppm in a quarter of an hour.
      frequencyVariance = min(frequencyVariance + 1e-15 * seconds, frequencySpread * frequencySpread)
      at = time
    }

    mutating func correct(by innovation: Double, variance: Double) {
      let total = phaseVariance + variance
      let (phaseGain, frequencyGain) = (phaseVariance / total, covariance / total)
      phase += phaseGain * innovation
      frequency = max(-frequencyLimit, min(frequencyLimit, frequency + frequencyGain * innovation))
      frequencyVariance -= frequencyGain * covariance
      covariance -= phaseGain * covariance
      phaseVariance -= phaseGain * phaseVariance
    }
  }

  private var state: State?

  public init() {}

  /// The estimate; `nil` before the first measurement.
  public var estimate: ClockEstimate? {
    state.map { ClockEstimate(at: $0.at, epoch: $0.base &+ Int64($0.phase * 1e9), frequency: $0.frequency) }
  }

  /// How much faster network time runs than the host's clock.
  public var frequency: Double { state?.frequency ?? 0 }

  /// Takes a measurement: not older than the one before.
  /// - Parameter best: what the server's filter picked.
  public mutating func take(_ best: MinimumDelayFilter.Best) -> Outcome {
    let sample = best.sample
    // Half the delay bounds the error; most of it is shared by all samples of a server and so is no noise.
    let noise = [best.jitter.seconds, sample.delay.seconds / 8, sample.dispersion.seconds, 50e-6]
    let variance = noise.reduce(0) { $0 + $1 * $1 }
    guard var next = state, sample.at >= next.at else {
      if state == nil { start(at: sample, variance: variance, frequency: 0) }
      return state?.at == sample.at ? .started : .spike
    }
    next.predict(to: sample.at)
    let innovation = Double(sample.epoch &- next.base) / 1e9 - next.phase
    let expected = (next.phaseVariance + variance).squareRoot()
    guard abs(innovation) <= max(5 * expected, 0.001) else {
      state?.spikes += 1
      guard next.spikes + 1 >= Self.spikeLimit else { return .spike }
      start(at: sample, variance: variance, frequency: next.frequency)
      return .started
    }
    next.spikes = 0
    next.correct(by: innovation, variance: variance)
    state = next
    return .updated(isExpected: abs(innovation) <= max(3 * expected, 0.001))
  }

  private mutating func start(at sample: TimeSample, variance: Double, frequency: Double) {
    state = State(
      at: sample.at, base: sample.epoch, frequency: frequency, phaseVariance: variance,
      frequencyVariance: Self.frequencySpread * Self.frequencySpread)
  }
}
