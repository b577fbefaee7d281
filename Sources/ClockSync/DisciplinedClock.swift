public import MediaModel

/// A wall clock that runs on monotonic host time and is steered towards network time without ever stepping back.
///
/// Its reading is an anchor, the host time since, the drift that was measured, and a correction that grows by at most
/// 500 ppm of the time that passes. Somebody who sets the clock of the system does not reach it.
public struct DisciplinedClock: Hashable, Sendable {
  /// The rate never differs more from that of the host's clock.
  public static let slewLimit = 500e-6
  /// A clock that is this much late is stepped forward instead: slewing would take hours. That is what a host looks
  /// like that was asleep, or that booted without a clock.
  public static let forwardStep = Nanoseconds.seconds(10)

  private var anchorHost: HostTime
  private var anchorWall: WallTime
  /// Rate of network time against host time, minus 1.
  private var frequency = 0.0
  /// What is still to be corrected from the anchor on.
  private var phase: Nanoseconds = .zero
  /// Whether somebody has seen a reading, below which no other may fall.
  private var isUsed = false
  private var wasSteered = false

  /// A clock that shows `wall` at `host`.
  public init(host: HostTime, wall: WallTime) {
    anchorHost = host
    anchorWall = wall
  }

  /// The reading at `host`, without anybody using it. Never falls while `host` does not, between two corrections.
  public func wall(at host: HostTime) -> WallTime {
    let elapsed = Double(host.since(anchorHost).value)
    let limit = (Self.slewLimit - abs(frequency)) * abs(elapsed)
    let correction = frequency * elapsed + max(-limit, min(limit, Double(phase.value)))
    return anchorWall.advanced(by: Nanoseconds(host.since(anchorHost).value &+ Int64(correction.rounded(.down))))
  }

  /// The reading at `host` for somebody who uses it. Never below an earlier one as long as `host` does not fall, whatever
  /// corrections come in between.
  public mutating func reading(at host: HostTime) -> WallTime {
    isUsed = true
    return wall(at: host)
  }

  /// What is still to be corrected at `host`.
  public func pending(at host: HostTime) -> Nanoseconds {
    let done = (Self.slewLimit - abs(frequency)) * Double(max(0, host.since(anchorHost).value))
    let rest = max(0, Double(phase.value.magnitude) - done)
    return Nanoseconds(phase < .zero ? -Int64(rest) : Int64(rest))
  }

  /// Steers towards network time from `now` on. The first time, the clock steps forward freely, and backwards if nobody
  /// has used it.
  public mutating func follow(_ estimate: ClockEstimate, at now: HostTime) {
    let target = estimate.wall(at: now)
    let isFirst = !wasSteered
    wasSteered = true
    let limit = ClockEstimator.frequencyLimit
    let frequency = max(-limit, min(limit, estimate.frequency))
    let mayStep = isFirst && (!isUsed || target > wall(at: now))
    steer(to: target, at: now, frequency: frequency, mayStep: mayStep)
  }

  /// Follows the clock of the system as long as network time is not known.
  public mutating func follow(system: WallTime, at now: HostTime) {
    guard !wasSteered, abs(system.since(wall(at: now)).value) > Self.systemTolerance.value else { return }
    steer(to: system, at: now, frequency: 0, mayStep: !isUsed)
  }

  /// Two clocks cannot be read at the same time; differences below this are that.
  private static let systemTolerance = Nanoseconds.milliseconds(1)

  private mutating func steer(to target: WallTime, at now: HostTime, frequency: Double, mayStep: Bool) {
    let reading = wall(at: now)
    let error = target.since(reading)
    let steps = mayStep || error > Self.forwardStep
    anchorWall = steps ? target : reading
    anchorHost = now
    phase = steps ? .zero : error
    self.frequency = frequency
  }
}
