import BusMessages
public import Clocks
import DequeModule
public import Logging
public import MediaModel
public import MessageBus
import Observability
public import ServiceLifecycle
import NIOCore
import Synchronization

/// Asks APIs what objects are, and publishes what they say.
///
/// Objects wait in a bounded queue; of too many the oldest goes, and is counted. Those that look like one before get its
/// findings from the cache. For the others each API is asked in order, as far as rate and budget allow, several objects
/// in one request where the API can; later APIs know what earlier ones found.
public final class IdentificationService: Service {
  public struct Configuration: Sendable {
    public var limits = RequestLimits()
    public var retries = APIRetryPolicy()
    /// Objects that wait, at most: each has its JPEG, some 50 kB.
    public var waiting = 64
    public var cache = FindingsCache()

    public init() {}
  }

  private struct State {
    var queue: Deque<IdentificationSubject> = []
    var cache: FindingsCache
    var budget: RequestBudget
  }

  private let configuration: Configuration
  private let apis: [any IdentificationAPI]
  private let sender: any APISender
  private let bus: any MessageBus
  private let clocks: SystemClocks
  private let pause: @Sendable (Nanoseconds) async throws -> Void
  private let logger: RateLimitedLogger
  private let metrics = IdentificationMetrics()
  private let state: Mutex<State>
  private let wakeUps: AsyncStream<Void>
  private let wakeUp: AsyncStream<Void>.Continuation

  /// - Parameters:
  ///   - apis: asked in this order.
  ///   - pause: waits so long; tests replace it.
  public init(
    _ configuration: Configuration = Configuration(), apis: [any IdentificationAPI], sender: any APISender,
    bus: any MessageBus, clocks: SystemClocks = .system,
    pause: @escaping @Sendable (Nanoseconds) async throws -> Void = {
      try await Task.sleep(nanoseconds: UInt64(max(0, $0.value)))
    },
    logger: Logger
  ) {
    (self.configuration, self.apis, self.sender, self.bus) = (configuration, apis, sender, bus)
    (self.clocks, self.pause) = (clocks, pause)
    self.logger = RateLimitedLogger(logger, burst: 5, interval: .seconds(60))
    state = Mutex(State(cache: configuration.cache, budget: RequestBudget(configuration.limits)))
    // One wake-up says all that several would.
    (wakeUps, wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Puts an object in line. Never waits.
  public func submit(_ subject: IdentificationSubject) {
    let (dropped, waiting) = state.withLock { state in
      state.queue.append(subject)
      let excess = state.queue.count - max(1, configuration.waiting)
      if excess > 0 { state.queue.removeFirst(excess) }
      return (max(0, excess), state.queue.count)
    }
    metrics.count(.dropped, dropped)
    metrics.recordQueue(waiting)
    wakeUp.yield()
  }

  /// Takes no more objects: what waits is asked for, then ``run()`` returns.
  public func finish() { wakeUp.finish() }

  /// Asks until the task is cancelled or the service group shuts down.
  public func run() async throws {
    await withTaskCancellationOrGracefulShutdownHandler {
      for await _ in wakeUps {
        while !Task.isShuttingDownGracefully, !Task.isCancelled, let batch = next() { await identify(batch) }
      }
    } onCancelOrGracefulShutdown: {
      self.wakeUp.finish()
    }
    await sender.shutDown()
  }

  private func next() -> [IdentificationSubject]? {
    let most = apis.map(\.batch).max() ?? 1
    let (batch, waiting) = state.withLock { state in
      let batch = Array(state.queue.prefix(most))
      state.queue.removeFirst(batch.count)
      return (batch, state.queue.count)
    }
    metrics.recordQueue(waiting)
    return batch.isEmpty ? nil : batch
  }

  private func identify(_ batch: [IdentificationSubject]) async {
    let now = clocks.host()
    var fresh: [IdentificationSubject] = []
    for subject in batch {
      let known = state.withLock { $0.cache.find(subject.hash, label: subject.label, at: now) }
      if let known {
        metrics.count(.cached)
        publish(known, of: subject)
      } else {
        fresh.append(subject)
      }
    }
    guard !fresh.isEmpty else { return }
    var progress = Progress(count: fresh.count)
    for api in apis {
      var start = 0
      while start < fresh.count {
        let range = start..<min(start + max(1, api.batch), fresh.count)
        await ask(api, fresh, range, &progress)
        start = range.upperBound
      }
    }
    for (index, subject) in fresh.enumerated() { conclude(subject, progress, index) }
  }

  private struct Progress {
    var findings: [[String: String]]
    var hasFailed: [Bool]
    var isOverBudget: [Bool]

    init(count: Int) {
      findings = Array(repeating: [:], count: count)
      (hasFailed, isOverBudget) = (Array(repeating: false, count: count), Array(repeating: false, count: count))
    }
  }

  private func ask(
    _ api: any IdentificationAPI, _ subjects: [IdentificationSubject], _ range: Range<Int>, _ progress: inout Progress
  ) async {
    guard let request = api.request(for: Array(subjects[range]), known: Array(progress.findings[range])) else { return }
    switch await send(request, to: api) {
    case .overBudget: for index in range { progress.isOverBudget[index] = true }
    case .nothing: for index in range { progress.hasFailed[index] = true }
    case .body(let body):
      do throws(APIProblem) {
        let found = try api.findings(in: body, count: range.count)
        guard found.count == range.count else { throw APIProblem("\(found.count) answers for \(range.count)") }
        metrics.count(api.kind, .answered)
        // What an earlier API found stays.
        for (index, new) in zip(range, found) { progress.findings[index].merge(new) { old, _ in old } }
      } catch {
        metrics.count(api.kind, .malformed)
        log("an API's answer is not understood", api, "\(error)")
        for index in range { progress.hasFailed[index] = true }
      }
    }
  }

  private func conclude(_ subject: IdentificationSubject, _ progress: Progress, _ index: Int) {
    let findings = progress.findings[index]
    guard !findings.isEmpty else {
      let outcome: IdentificationMetrics.Outcome =
        progress.hasFailed[index] ? .failed : progress.isOverBudget[index] ? .overBudget : .unknown
      return metrics.count(outcome)
    }
    metrics.count(.identified)
    // What is not complete is asked for again when something like it comes.
    if !progress.hasFailed[index] && !progress.isOverBudget[index] {
      let now = clocks.host()
      state.withLock { $0.cache.store(findings, of: subject.hash, label: subject.label, at: now) }
    }
    publish(findings, of: subject)
  }

  private func publish(_ findings: [String: String], of subject: IdentificationSubject) {
    let result = IdentificationResult(
      objectID: subject.objectID, timestamp: clocks.wall().secondsSince1970, results: findings)
    if let message = try? result.message() { bus.publish(message) }
  }

  private func log(_ message: Logger.Message, _ api: any IdentificationAPI, _ reason: String) {
    logger.log(
      level: .warning, message, at: clocks.host(),
      metadata: [.component: "\(api.kind.rawValue)", .reason: "\(reason)"])
  }
}

// MARK: Requests

extension IdentificationService {
  private enum Outcome {
    case body(ByteBuffer)
    case overBudget
    case nothing
  }

  /// Tries until there is an answer; each try counts against rate and budget.
  private func send(_ request: APIRequest, to api: any IdentificationAPI) async -> Outcome {
    let start = clocks.host()
    var failures = 0
    while !Task.isCancelled {
      guard await granted(api, since: start) else { return failures == 0 ? .overBudget : .nothing }
      let sent = clocks.host()
      let answer = await sender.send(request)
      let now = clocks.host()
      metrics.recordRequest(now.since(sent))
      if case .body(let body) = answer { return .body(body) }
      failures += 1
      let chance = Double.random(in: 0..<1)
      guard
        let wait = configuration.retries.pause(
          after: answer, failures: failures, elapsed: now.since(start), chance: chance)
      else {
        metrics.count(api.kind, answer.isWorthRetrying ? .gaveUp : .refused)
        log("an API does not answer", api, "\(answer)")
        return .nothing
      }
      metrics.count(api.kind, .retried)
      guard (try? await pause(wait)) != nil else { return .nothing }
    }
    return .nothing
  }

  /// Waits for the rate, as long as the deadline of requests allows.
  private func granted(_ api: any IdentificationAPI, since start: HostTime) async -> Bool {
    while !Task.isCancelled {
      let (now, wall) = (clocks.host(), clocks.wall())
      let (verdict, cost) = state.withLock { state in
        (state.budget.take(cost: api.cost, at: now, wall: wall), state.budget.costToday)
      }
      metrics.recordCost(cost)
      switch verdict {
      case .granted: return true
      case .exhausted: return false
      case .later(let wait):
        guard Nanoseconds(now.since(start).value &+ wait.value) <= configuration.retries.deadline,
          (try? await pause(wait)) != nil
        else { return false }
      }
    }
    return false
  }
}
