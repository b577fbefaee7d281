import MessageBus
import Logging
import CoreMetrics
import Clocks
import DequeModule
public import MediaModel
public import NIOCore
import Observability
import Synchronization
import TelemetryProtocol
import WebSocketProtocol

/// A phone that is connected: what it sends goes to the bus, and commands and answers wait here for its connection.
///
/// Messages and deadlines must come one after the other, as they do on an event loop; everything else is safe from
/// anywhere.
public final class PhoneLink: Sendable {
  /// What is to be sent to the phone.
  public struct Delivery: Sendable {
    /// A framed WebSocket message.
    public var message: ByteBuffer
    /// When the command was received; `nil` for answers.
    var receivedAt: HostTime?
  }

  /// Answers that wait; a phone has 4 files under way.
  private static let replyLimit = 64

  struct State {
    var session: PhoneSession
    var replies: Deque<ByteBuffer> = []
    var commands: CommandQueue
    var isAwake = false
    var isClosed = false
    var reportAt: HostTime
    var stateSentAt: HostTime?
    var hasNewState = false
    var lastSampleNanos: Int64?
    var duplicates: UInt64 = 0
    var late: UInt64 = 0
    var rejected: UInt64 = 0
    var commandsDropped: UInt64 = 0
    var commandsSent: UInt64 = 0
  }

  public let stream: StreamName
  /// `host:port`.
  public let peer: String
  let id: UInt64
  let since: WallTime
  let hub: TelemetryHub
  let state: Mutex<State>
  private let wake: @Sendable () -> Void

  init(
    id: UInt64, stream: StreamName, peer: String, isReplay: Bool, hub: TelemetryHub,
    wake: @escaping @Sendable () -> Void
  ) {
    self.id = id
    self.stream = stream
    self.peer = peer
    self.hub = hub
    self.wake = wake
    since = hub.clocks.wall()
    let session = PhoneSession(limits: hub.options.limits, isReplay: isReplay)
    let reportAt = hub.clocks.host().advanced(by: hub.options.reportInterval)
    state = Mutex(
      State(session: session, commands: CommandQueue(limits: hub.options.commands), reportAt: reportAt))
  }

  // MARK: From the phone

  /// Takes a text message.
  /// - Returns: when to call ``deadlineReached()``.
  public func text(_ message: ByteBuffer) -> HostTime {
    let now = receiveTime()
    return take(at: now.host) { $0.text(message, at: now) }
  }

  /// Takes a binary message.
  /// - Returns: when to call ``deadlineReached()``.
  public func binary(_ message: ByteBuffer) -> HostTime {
    let now = receiveTime()
    return take(at: now.host) { $0.binary(message, at: now) }
  }

  /// Does what is due.
  /// - Returns: when to call it again.
  @discardableResult public func deadlineReached() -> HostTime {
    let now = hub.clocks.host()
    return take(at: now) { $0.deadlineReached(at: now) }
  }

  /// The phone is gone. What is held is published; files that are not complete are given up.
  public func close() {
    let isFirst = state.withLock { state in
      defer { state.isClosed = true }
      return !state.isClosed
    }
    guard isFirst else { return }
    let now = hub.clocks.host()
    _ = take(at: now) { $0.finish(at: now) }
    report()
    hub.remove(self)
  }

  private func receiveTime() -> ReceiveTime {
    ReceiveTime(
      host: hub.clocks.host(), wall: hub.clocks.wall(), networkTimeOffset: hub.clocks.networkTimeOffset())
  }

  private func take(at now: HostTime, _ body: (inout PhoneSession) -> PhoneSession.Effects) -> HostTime {
    let (effects, reports, shows, deadline) = state.withLock { state in
      let effects = body(&state.session)
      state.duplicates += UInt64(effects.duplicates)
      state.late += UInt64(effects.late)
      state.rejected += UInt64(effects.rejects.count)
      if effects.stateChanged { state.hasNewState = true }
      let reports = now >= state.reportAt
      if reports { state.reportAt = now.advanced(by: hub.options.reportInterval) }
      // A battery or a position may change with each sample; people see no more than one a second.
      let shows = state.hasNewState && (state.stateSentAt.map { now.since($0) >= .seconds(1) } ?? true)
      if shows {
        state.hasNewState = false
        state.stateSentAt = now
      }
      return (effects, reports, shows, min(effects.nextDeadline ?? state.reportAt, state.reportAt))
    }
    for publication in effects.publications { publish(publication) }
    apply(effects.uploads)
    count(effects, at: now)
    if shows { hub.show(self, event: "status") }
    if reports {
      report()
      state.withLock { $0.session.beginWindow() }
    }
    return deadline
  }

  private func publish(_ publication: PhonePublication) {
    hub.bus.publish(publication.message(stream: stream))
    guard publication.kind == .sample, let time = publication.senderNanos else { return }
    hub.metrics.sampleDelay.record(publication.delay.seconds)
    let last = state.withLock { state in
      defer { state.lastSampleNanos = time }
      return state.lastSampleNanos
    }
    if let last, time > last { hub.metrics.sampleInterval.record(Nanoseconds(time - last).seconds) }
  }

  private func count(_ effects: PhoneSession.Effects, at now: HostTime) {
    let metrics = hub.metrics
    metrics.dropped(.duplicate, count: effects.duplicates)
    metrics.dropped(.late, count: effects.late)
    if effects.clockRestarts > 0 { metrics.clockRestarts.increment(by: effects.clockRestarts) }
    for reject in effects.rejects {
      metrics.rejected(reject)
      hub.rejectLog.log(
        level: .warning, "telemetry skipped", at: now,
        metadata: [.stream: "\(stream)", .address: "\(peer)", .reason: "\(reject.reason)", .error: "\(reject)"])
    }
    for type in effects.types { metrics.received(type) }
  }

  private func report() { hub.log(snapshot()) }

  // MARK: Files

  private func apply(_ effects: UploadDesk.Effects) {
    for action in effects.actions { hub.uploads.submit(action, of: self) }
    for failure in effects.failures { answer(name: failure.name, saved: nil, problem: failure.problem) }
  }

  /// Tells the phone what became of a file.
  func answer(name: String, saved: (name: String, bytes: Int)?, problem: UploadProblem?) {
    hub.metrics.upload(problem)
    let reply = ViewerMessages.uploadResult(
      name: name, savedAs: saved?.name, bytes: saved?.bytes ?? 0, problem: problem)
    var isFull = false
    offer { state in
      isFull = state.replies.count >= Self.replyLimit
      if isFull { state.replies.removeFirst() }
      state.replies.append(WebSocketFraming.message(.text, payload: reply))
    }
    guard isFull else { return }
    hub.rejectLog.log(
      level: .warning, "answer to phone dropped, it does not read", at: hub.clocks.host(),
      metadata: [.stream: "\(stream)", .address: "\(peer)"])
  }

  // MARK: To the phone

  /// Has a command wait for the connection. Never waits itself.
  func send(_ command: CommandQueue.Entry) {
    var drop: CommandQueue.Drop?
    offer { state in
      drop = state.commands.add(command)
      if drop != nil { state.commandsDropped += 1 }
    }
    if let drop { hub.metrics.dropped(drop) }
  }

  private func offer(_ body: (inout State) -> Void) {
    let wakes = state.withLock { state in
      guard !state.isClosed else { return false }
      body(&state)
      defer { state.isAwake = true }
      return !state.isAwake
    }
    if wakes { wake() }
  }

  /// The next message for the phone, for as long as its connection takes any.
  public func next() -> Delivery? {
    let now = hub.clocks.host()
    var expired = 0
    let delivery = state.withLock { state -> Delivery? in
      state.isAwake = false
      if let reply = state.replies.popFirst() { return Delivery(message: reply) }
      let entry = state.commands.next(at: now) { _ in expired += 1 }
      state.commandsDropped += UInt64(expired)
      guard let entry else { return nil }
      state.commandsSent += 1
      return Delivery(message: entry.message, receivedAt: entry.receivedAt)
    }
    for _ in 0..<expired { hub.metrics.dropped(.tooOld) }
    return delivery
  }

  /// A message was handed to the connection.
  public func sent(_ delivery: Delivery) {
    guard let receivedAt = delivery.receivedAt else { return }
    hub.metrics.commandLatency.record(hub.clocks.host().since(receivedAt).seconds)
  }
}
