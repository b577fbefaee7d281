public import MediaModel
public import NIOCore
import PhoneProtocol

/// The moment at which a message came in, on every clock that matters.
public struct ReceiveTime: Hashable, Sendable {
  public var host: HostTime
  /// The server's clock, which follows network time.
  public var wall: WallTime
  /// What `wall` is ahead of the clock of the system.
  public var networkTimeOffset: Nanoseconds

  public init(host: HostTime, wall: WallTime, networkTimeOffset: Nanoseconds = .zero) {
    self.host = host
    self.wall = wall
    self.networkTimeOffset = networkTimeOffset
  }
}

/// What a phone sent and others may want, as received.
public struct PhonePublication: Hashable, Sendable {
  /// What it is.
  public enum Kind: Hashable, Sendable {
    /// An `imu_data` message with accelerometer and gyroscope.
    case sample
    /// An `imu_data` message without one of them: position, battery and the like.
    case partialSample
    case frame(Resolution)
    case analysisMode
    case other
  }

  public var kind: Kind
  /// The message as received; of a frame, the JPEG.
  public var body: ByteBuffer
  public var receivedAt: ReceiveTime
  /// Its time on the phone's clock, as the phone sent it.
  public var senderNanos: Int64?
  /// That time on the server's clock.
  public var capturedAt: WallTime?
  /// For how long it was held, to put samples into order.
  public var delay = Nanoseconds.zero
}

/// What is known of a phone from its latest samples.
public struct PhoneState: Hashable, Sendable {
  /// 0…1.
  public var batteryLevel: Double?
  public var gps: PhonePosition?
  /// Unit quaternion w, x, y, z.
  public var attitude: SIMD4<Double>?
  public var status: String?

  public init() {}
}

/// Types of messages that statistics are kept of.
public enum TelemetryType: String, Hashable, Sendable, CaseIterable {
  case imu
  case gps
  case attitude
  case battery
  case frame
  case analysisMode = "analysis_mode"
  case upload
  case other = "unknown"
}

/// One connection of a phone to `/ws/phone`, without I/O: messages in, publications out.
///
/// Nothing that comes in ends it: what cannot be used is reported and skipped.
public struct PhoneSession: Sendable {
  /// What a call brought about.
  public struct Effects: Sendable {
    /// In the order in which they are to be published.
    public var publications: [PhonePublication] = []
    public var uploads = UploadDesk.Effects()
    public var rejects: [TelemetryReject] = []
    /// What was taken, by what it is or holds.
    public var types: [TelemetryType] = []
    public var duplicates = 0
    public var late = 0
    /// The phone's clock was set back.
    public var clockRestarts = 0
    /// Battery, position or status are new.
    public var stateChanged = false
    /// When ``PhoneSession/deadlineReached(at:)`` wants to be called; `nil`: never.
    public var nextDeadline: HostTime?
  }

  private let limits: TelemetryLimits
  private var order: ReorderWindow<PendingSample>
  private var desk: UploadDesk
  /// Samples and pictures may come with times of different clocks, so each has an estimate of its own.
  private var sampleClock = CaptureClock()
  private var frameClock = CaptureClock()
  private var orderDeadline: HostTime?
  private var statistics: [TelemetryType: IntervalStatistics] = [:]

  /// What is known from the latest samples.
  public private(set) var state = PhoneState()
  /// What is to be added to times of the phone's clock for times of the server's; `nil` before the first sample.
  public private(set) var clockOffset: Nanoseconds?

  private struct PendingSample: Sendable {
    var message: IMUMessage
    var receivedAt: ReceiveTime
    var capturedAt: WallTime
  }

  /// - Parameter isReplay: whether the phone sends a recording once more: its times stand as they are.
  public init(limits: TelemetryLimits = TelemetryLimits(), isReplay: Bool = false) {
    self.limits = limits
    if isReplay { (sampleClock, frameClock) = (.ofReplay(), .ofReplay()) }
    order = ReorderWindow(limits: limits.reorder)
    desk = UploadDesk(limits: limits.uploads)
  }

  /// Times that the phone's clock jumped.
  public var clockDiscontinuities: Int { sampleClock.discontinuities + frameClock.discontinuities }

  /// Takes a text message.
  public mutating func text(_ message: ByteBuffer, at now: ReceiveTime) -> Effects {
    do throws(TelemetryReject) {
      return take(try PhoneMessage(text: message, limits: limits), at: now)
    } catch {
      return rejected(error)
    }
  }

  /// Takes a binary message.
  public mutating func binary(_ message: ByteBuffer, at now: ReceiveTime) -> Effects {
    do throws(TelemetryReject) {
      return take(try PhoneMessage(binary: message, limits: limits), at: now)
    } catch {
      return rejected(error)
    }
  }

  /// Lets go what was held until `now`.
  public mutating func deadlineReached(at now: HostTime) -> Effects {
    var effects = Effects()
    apply(order.deadlineReached(at: now), to: &effects)
    effects.uploads = desk.deadlineReached(at: now)
    effects.nextDeadline = nextDeadline
    return effects
  }

  /// Lets go everything that is held: the connection is gone.
  public mutating func finish(at now: HostTime) -> Effects {
    var effects = Effects()
    apply(order.finish(at: now), to: &effects)
    effects.uploads = desk.finish()
    return effects
  }

  /// Files under way.
  public var openUploads: Int { desk.openCount }

  /// Rates and intervals of what came so far, by type.
  public var summaries: [TelemetryType: IntervalStatistics.Summary] { statistics.mapValues(\.summary) }

  /// Statistics begin a new minute.
  public mutating func beginWindow() {
    for type in statistics.keys { statistics[type]?.beginWindow() }
  }

  // MARK: Messages

  private mutating func take(_ message: PhoneMessage, at now: ReceiveTime) -> Effects {
    var effects = Effects()
    switch message {
    case .imu(let sample):
      let captured = sampleClock.capturedAt(
        senderNanos: sample.timestampNanos, receivedAt: now.host, wallNow: now.wall)
      clockOffset = Nanoseconds(captured.nanosSince1970 &- sample.timestampNanos)
      let pending = PendingSample(message: sample, receivedAt: now, capturedAt: captured)
      apply(order.insert(pending, timestampNanos: sample.timestampNanos, at: now.host), to: &effects)
    case .frame(let frame):
      let captured = frameClock.capturedAt(senderNanos: frame.timestampNanos, receivedAt: now.host, wallNow: now.wall)
      count(.frame, frame.timestampNanos, &effects)
      effects.publications.append(
        PhonePublication(
          kind: .frame(frame.resolution), body: frame.jpeg, receivedAt: now, senderNanos: frame.timestampNanos,
          capturedAt: captured))
    case .analysisMode(let body):
      count(.analysisMode, now.host.nanos, &effects)
      effects.publications.append(PhonePublication(kind: .analysisMode, body: body, receivedAt: now))
    case .upload(let message):
      count(.upload, now.host.nanos, &effects)
      effects.uploads = desk.received(message, at: now.host)
    case .other(_, let body):
      count(.other, now.host.nanos, &effects)
      effects.publications.append(PhonePublication(kind: .other, body: body, receivedAt: now))
    }
    effects.nextDeadline = nextDeadline
    return effects
  }

  private func rejected(_ reject: TelemetryReject) -> Effects {
    var effects = Effects()
    effects.rejects = [reject]
    effects.nextDeadline = nextDeadline
    return effects
  }

  private mutating func apply(_ result: ReorderWindow<PendingSample>.Effects, to effects: inout Effects) {
    orderDeadline = result.nextDeadline
    effects.duplicates += result.duplicates
    effects.late += result.late
    if result.restarted { effects.clockRestarts += 1 }
    for released in result.released {
      let sample = released.element
      note(sample.message, &effects)
      effects.publications.append(
        PhonePublication(
          kind: sample.message.isSample ? .sample : .partialSample, body: sample.message.body,
          receivedAt: sample.receivedAt, senderNanos: released.timestampNanos, capturedAt: sample.capturedAt,
          delay: released.delay))
    }
  }

  private mutating func note(_ sample: IMUMessage, _ effects: inout Effects) {
    let time = sample.timestampNanos
    if sample.isSample { count(.imu, time, &effects) }
    if sample.gps != nil { count(.gps, time, &effects) }
    if sample.attitude != nil { count(.attitude, time, &effects) }
    if sample.batteryLevel != nil { count(.battery, time, &effects) }
    let before = state
    state.batteryLevel = sample.batteryLevel ?? state.batteryLevel
    state.gps = sample.gps ?? state.gps
    state.status = sample.status ?? state.status
    if state != before { effects.stateChanged = true }
    state.attitude = sample.attitude ?? state.attitude
  }

  private mutating func count(_ type: TelemetryType, _ nanos: Int64, _ effects: inout Effects) {
    effects.types.append(type)
    statistics[type, default: IntervalStatistics()].add(nanos)
  }

  private var nextDeadline: HostTime? { [orderDeadline, desk.nextDeadline].compactMap { $0 }.min() }
}
