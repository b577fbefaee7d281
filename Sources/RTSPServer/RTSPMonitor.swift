import Metrics
import Synchronization

/// The state of the RTSP output, server and push together: what `/health/rtsp` and `/rtsp/status` report.
public struct RTSPHealth: Hashable, Sendable {
  /// Server and push, as far as they are asked for, do their work.
  public var isHealthy: Bool
  /// The server listens, and the push is connected, as far as they are asked for.
  public var isRunning: Bool
  /// Where players connect, or where the push goes; without credentials.
  public var url: String
  /// Access units that wait: for the slowest player, or for the push, whichever is more.
  public var queueSize: Int
  public var queueCapacity: Int
  /// The threads that do the work exist.
  public var isThreadAlive: Bool

  /// `queueSize` as a share of `queueCapacity`, 0…100. The group of pictures that a new player starts with may
  /// exceed the capacity for a moment.
  public var queueUsagePercent: Double {
    queueCapacity > 0 ? min(100, 100 * Double(queueSize) / Double(queueCapacity)) : 0
  }
}

/// Where the parts of the RTSP output note their state. One for the process; thread-safe.
public final class RTSPMonitor: Sendable {
  /// What a push does at the moment.
  public enum PushPhase: String, Sendable {
    /// Waits for a key frame of a stream.
    case waiting
    case connecting
    case connected
    /// Failed, and waits before it tries again.
    case backingOff
    case stopped
  }

  private struct State {
    /// `nil`: there is no server to be.
    var server: (url: String, isListening: Bool)?
    var push: (url: String, phase: PushPhase)?
    var pushBacklog = 0
    var sessions: [ObjectIdentifier: Int] = [:]
    var restarts = 0
    var droppedUnits = 0
  }

  private let state = Mutex(State())
  private let queueCapacity: Int
  private let healthyGauge = Gauge(label: "rtsp_server_healthy")
  private let queueGauge = Gauge(label: "rtsp_queue_size")
  private let restartCounter = Counter(label: "rtsp_restarts_total")
  private let dropCounter = Counter(label: "frames_dropped_total")

  /// - Parameter queueCapacity: access units that may wait for one receiver.
  public init(queueCapacity: Int = 100) {
    self.queueCapacity = queueCapacity
    Gauge(label: "worldsystem_rtsp_queue_capacity").record(queueCapacity)
  }

  /// The state now.
  public func health() -> RTSPHealth { state.withLock { self.health(of: $0) } }

  /// How often server or push were started again after a failure.
  public var restarts: Int { state.withLock { $0.restarts } }

  /// Access units left out because a receiver was slow, or because a publisher's packets were lost.
  public var droppedUnits: Int { state.withLock { $0.droppedUnits } }

  /// Players that are sent video at the moment.
  public var sessionCount: Int { state.withLock { $0.sessions.count } }

  private func health(of state: State) -> RTSPHealth {
    let isListening = state.server?.isListening ?? true
    let isPushing = state.push.map { $0.phase == .connected } ?? true
    // A push that waits for a publisher has nothing to do, and does it well.
    let isPushHealthy = state.push.map { $0.phase == .connected || $0.phase == .waiting } ?? true
    return RTSPHealth(
      isHealthy: isListening && isPushHealthy, isRunning: isListening && isPushing,
      url: state.push?.url ?? state.server?.url ?? "",
      queueSize: max(state.pushBacklog, state.sessions.values.max() ?? 0), queueCapacity: queueCapacity,
      isThreadAlive: isListening && state.push?.phase != .stopped)
  }

  private func update(_ change: (inout State) -> Void) {
    let health = state.withLock { state in
      change(&state)
      return self.health(of: state)
    }
    healthyGauge.record(health.isHealthy ? 1 : 0)
    queueGauge.record(health.queueSize)
  }

  func server(at url: String, isListening: Bool) { update { $0.server = (url, isListening) } }

  func push(to url: String, is phase: PushPhase, backlog: Int = 0) {
    update { state in
      state.push = (url, phase)
      state.pushBacklog = backlog
    }
  }

  /// Notes how much waits for a session; `nil`: it ended.
  func session(_ id: ObjectIdentifier, backlog: Int?) { update { $0.sessions[id] = backlog } }

  func restarted() {
    state.withLock { $0.restarts += 1 }
    restartCounter.increment()
  }

  func dropped(_ units: Int) {
    guard units > 0 else { return }
    state.withLock { $0.droppedUnits += units }
    dropCounter.increment(by: Int64(units))
  }
}
