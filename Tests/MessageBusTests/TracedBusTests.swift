import BusMessages
import Logging
import MediaModel
import MessageBus
import NIOCore
import OTLP
import Observability
import ServiceLifecycle
import Synchronization
import Testing
import Tracing

/// A bus whose confirmations come when a test says so.
private final class SlowBus: MessageBus {
  private struct State {
    var published: [BusMessage] = []
    var flushes: [CheckedContinuation<Void, Never>] = []
    var watchers: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())
  let outcome: PublishOutcome
  let failure: MessageBusError?

  init(outcome: PublishOutcome = .accepted, failure: MessageBusError? = nil) {
    self.outcome = outcome
    self.failure = failure
  }

  var published: [BusMessage] { state.withLock { $0.published } }
  var status: MessageBusStatus { MessageBusStatus(isConnected: true) }

  func publish(_ message: BusMessage) -> PublishOutcome {
    state.withLock { $0.published.append(message) }
    return outcome
  }

  func subscribe(_ request: SubscriptionRequest) -> BusSubscription { BusSubscription(request) }

  func flush() async throws(MessageBusError) {
    await withCheckedContinuation { continuation in
      let watchers = state.withLock { state in
        state.flushes.append(continuation)
        defer { state.watchers = [] }
        return state.watchers
      }
      for watcher in watchers { watcher.resume() }
    }
    if let failure { throw failure }
  }

  /// Returns once somebody waits for confirmations, and gives them.
  func confirm() async {
    await withCheckedContinuation { continuation in
      let isThere = state.withLock { state in
        guard state.flushes.isEmpty else { return true }
        state.watchers.append(continuation)
        return false
      }
      if isThere { continuation.resume() }
    }
    let flushes = state.withLock { state in
      defer { state.flushes = [] }
      return state.flushes
    }
    for flush in flushes { flush.resume() }
  }
}

@Suite(.timeLimit(.minutes(1))) struct TracedBusTests {
  private let buffer = SpanBuffer()
  private let trace = TraceContext(traceHigh: 1, traceLow: 2, span: 3, isSampled: true)

  private func tracing() -> FrameTracing {
    let sampler = TraceSampler(ratio: 1)
    return FrameTracing(tracer: OTLPTracer(buffer: buffer, sampler: sampler), sampler: sampler)
  }

  private func message(_ trace: TraceContext?) -> BusMessage {
    var message = BusMessage(topic: .slamResults, body: ByteBuffer(string: "{}"), contentType: BusMessage.json)
    message.trace = trace
    return message
  }

  private func run(_ bus: TracedBus, _ body: () async throws -> Void) async throws {
    let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    let group = ServiceGroup(services: [bus], logger: logger)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      try await body()
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
    }
  }

  @Test func aSpanLastsUntilTheConfirmation() async throws {
    let engine = SlowBus()
    let bus = TracedBus(engine, tracing: tracing())
    try await run(bus) {
      bus.publish(message(trace))
      #expect(buffer.count == 0, "not confirmed yet")
      await engine.confirm()
    }
    let span = try #require(buffer.take(9).first)
    #expect(span.name == "publish" && span.kind == .producer && span.parentSpan == 3)
    #expect(span.attributes.get("bus.topic") == .string("slam_results_exchange"))
    let sent = try #require(engine.published.first?.trace)
    #expect(sent == span.context, "who receives it comes below the publishing")
  }

  @Test func lostMessagesAreFailures() async throws {
    let engine = SlowBus(failure: .lost(messages: 1))
    let bus = TracedBus(engine, tracing: tracing())
    try await run(bus) {
      bus.publish(message(trace))
      await engine.confirm()
    }
    #expect(buffer.take(9).map(\.status?.code) == [.error])
    TracedBus(SlowBus(outcome: .dropped), tracing: tracing()).publish(message(trace))
    #expect(buffer.take(9).map(\.status?.code) == [.error])
  }

  @Test func otherMessagesPassUnchanged() {
    let engine = SlowBus()
    let untraced = message(nil)
    let notKept = message(TraceContext(traceHigh: 1, traceLow: 2, span: 3, isSampled: false))
    TracedBus(engine, tracing: tracing()).publish(untraced)
    TracedBus(engine, tracing: tracing()).publish(notKept)
    TracedBus(engine, tracing: .off).publish(message(trace))
    #expect(engine.published == [untraced, notKept, message(trace)])
    #expect(buffer.count == 0)
  }
}
