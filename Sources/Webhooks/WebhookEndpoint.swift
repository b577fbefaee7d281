import Clocks
import Logging
import MediaModel
import NIOCore
import Observability
import Synchronization

/// One endpoint: its queue, and the task that empties it.
final class WebhookEndpoint: Sendable {
  private struct State {
    var delivery: WebhookDelivery
    var waiter: CheckedContinuation<Void, Never>?
    /// Something changed since the task last looked.
    var isWoken = false
    /// The service ends: nothing is tried later than this.
    var finishBy: HostTime?
    var hasLoggedRefusal = false
    var hasLoggedFailure = false
  }

  private let url: String
  private let shownURL: String
  private let agent: String
  private let keys: SecretKeeper?
  private let sender: any WebhookSender
  private let metrics: WebhookMetrics
  private let clocks: SystemClocks
  private let logger: Logger
  private let keyProblems: RateLimitedLogger
  private let state: Mutex<State>

  init(
    url: String, agent: String, policy: WebhookPolicy, keys: SecretKeeper?, sender: any WebhookSender,
    metrics: WebhookMetrics, clocks: SystemClocks, logger: Logger
  ) {
    self.url = url
    shownURL = RedactedURL(url).description
    self.agent = agent
    self.keys = keys
    self.sender = sender
    self.metrics = metrics
    self.clocks = clocks
    self.logger = logger
    keyProblems = RateLimitedLogger(logger, burst: 1, interval: .seconds(600))
    state = Mutex(State(delivery: WebhookDelivery(policy: policy)))
  }

  /// Puts an event in line. Never waits.
  func add(_ message: WebhookMessage) {
    let now = clocks.host()
    let (dropped, change, waiter) = state.withLock { state in
      let before = state.delivery.count
      let dropped = state.delivery.add(message, at: now)
      state.isWoken = true
      return (dropped, state.delivery.count - before, state.waiter.take())
    }
    metrics.count(.dropped, dropped)
    metrics.changeQueue(by: change)
    waiter?.resume()
  }

  /// Events that wait.
  var waiting: Int { state.withLock { $0.delivery.count } }

  /// What waits is posted, and tried again where there is time; then ``run()`` returns.
  func finish(by deadline: HostTime) {
    state.withLock { state in
      state.finishBy = deadline
      state.isWoken = true
      return state.waiter.take()
    }?.resume()
  }

  /// Posts until the task is cancelled, or everything is done after ``finish(by:)``.
  func run() async {
    while !Task.isCancelled {
      let now = clocks.host()
      let (step, finishBy) = state.withLock { state in
        state.isWoken = false
        return (state.delivery.next(at: now), state.finishBy)
      }
      switch step {
      case .post(let message): await post(message)
      case .idle where finishBy != nil: return
      case .wait(let until) where finishBy.map { until >= $0 } ?? false: return
      case .wait(let until): await pause(until.since(now))
      case .idle: await waitForChange()
      }
    }
  }

  private func post(_ message: WebhookMessage) async {
    let timestamp = clocks.wall().nanosSince1970 / 1_000_000_000
    var headers = [
      ("Content-Type", "application/json"), ("User-Agent", agent), ("Webhook-Id", message.id),
      ("Webhook-Timestamp", "\(timestamp)"),
    ]
    if let keys {
      let (secret, problem) = keys.current()
      if let problem {
        keyProblems.log(
          level: .warning, "webhook keys cannot be read, the ones before are used", at: clocks.host(),
          metadata: [.error: "\(problem)"])
      }
      headers.append(
        (
          "Webhook-Signature",
          secret.signature(id: message.id, timestamp: timestamp, body: message.body.readableBytesView)
        ))
    }
    let start = clocks.host()
    let answer = await sender.post(message.body, headers: headers, to: url)
    let now = clocks.host()
    metrics.recordRequest(now.since(start))
    let (result, change) = state.withLock { state in
      let before = state.delivery.count
      let result = state.delivery.answered(answer, at: now, chance: .random(in: 0..<1))
      return (result, state.delivery.count - before)
    }
    metrics.changeQueue(by: change)
    report(result, answer)
  }

  private func report(_ result: WebhookDelivery.Result, _ answer: WebhookAnswer) {
    switch result {
    case .delivered:
      metrics.count(.delivered)
      let recovered = state.withLock { state in
        defer { state.hasLoggedFailure = false }
        return state.hasLoggedFailure
      }
      if recovered { logger.notice("webhook works again", metadata: [.url: "\(shownURL)"]) }
    case .retried(let pause):
      metrics.count(.retried)
      guard isFirst(\.hasLoggedFailure) else { return }
      logger.warning(
        "webhook failed, trying again",
        metadata: [.url: "\(shownURL)", .reason: "\(answer)", .delaySeconds: "\(pause.seconds)"])
    case .expired:
      metrics.count(.expired)
      logger.error("event for a webhook given up", metadata: [.url: "\(shownURL)", .reason: "\(answer)"])
    case .refused:
      metrics.count(.refused)
      guard isFirst(\.hasLoggedRefusal) else { return }
      logger.warning(
        "webhook refused an event; more are only counted", metadata: [.url: "\(shownURL)", .reason: "\(answer)"])
    case .gone(let events):
      metrics.count(.gone, events)
      logger.warning(
        "webhook wants nothing any more and is switched off until the next start", metadata: [.url: "\(shownURL)"])
    }
  }

  private func isFirst(_ flag: any WritableKeyPath<State, Bool> & Sendable) -> Bool {
    state.withLock { state in
      defer { state[keyPath: flag] = true }
      return !state[keyPath: flag]
    }
  }
}

// MARK: Waiting

extension WebhookEndpoint {
  /// Waits until something changes, but not longer than `limit`.
  private func pause(_ limit: Nanoseconds) async {
    await withTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try? await Task.sleep(nanoseconds: UInt64(max(0, limit.value))) }
      tasks.addTask { await self.waitForChange() }
      await tasks.next()
      tasks.cancelAll()
    }
  }

  private func waitForChange() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let resumesNow = state.withLock { state in
          guard !state.isWoken, !Task.isCancelled else { return true }
          state.waiter = continuation
          return false
        }
        if resumesNow { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiter.take() }?.resume()
    }
  }
}
