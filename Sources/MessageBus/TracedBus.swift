public import BusMessages
import DequeModule
import NIOCore
public import Observability
public import ServiceLifecycle
import Synchronization

/// A bus that follows messages of traced frames: a span `publish` from publishing to the confirmation that the message
/// is safe. All other messages pass at the price of one look-up in their headers.
public final class TracedBus: MessageBus, Service {
  /// Spans that may wait for a confirmation; of more messages than that, only the identity goes on.
  private static let limit = 256

  private struct State {
    var waiting: Deque<FrameSpan> = []
    var waiter: CheckedContinuation<Void, Never>?
    var isStopped = false
  }

  private let bus: any MessageBus
  private let tracing: FrameTracing
  private let state = Mutex(State())

  public init(_ bus: any MessageBus, tracing: FrameTracing) {
    self.bus = bus
    self.tracing = tracing
  }

  @discardableResult public func publish(_ message: BusMessage) -> PublishOutcome {
    guard tracing.isOn, let trace = message.trace, let span = tracing.begin(.publish, in: trace) else {
      return bus.publish(message)
    }
    span.set(.topic, message.topic.rawValue)
    span.set(.bytes, "\(message.body.readableBytes)")
    var traced = message
    traced.trace = span.context
    let outcome = bus.publish(traced)
    guard outcome == .accepted else {
      span.failed(PublishFailure.dropped)
      span.end()
      return outcome
    }
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard !state.isStopped, state.waiting.count < Self.limit else { return nil }
      state.waiting.append(span)
      return state.waiter.take()
    }
    waiter?.resume()
    return outcome
  }

  public func flush() async throws(MessageBusError) { try await bus.flush() }
  public func subscribe(_ request: SubscriptionRequest) -> BusSubscription { bus.subscribe(request) }
  public var status: MessageBusStatus { bus.status }

  /// Waits for confirmations until the task is cancelled or the service group shuts down.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled { await self.endConfirmed() }
    }
    state.withLock { $0.isStopped = true }
  }

  /// Ends the spans of everything that was published so far, once it is safe.
  private func endConfirmed() async {
    await waitForSpans()
    let spans = state.withLock { state in
      defer { state.waiting.removeAll(keepingCapacity: true) }
      return state.waiting
    }
    guard !spans.isEmpty else { return }
    do {
      try await bus.flush()
      for span in spans { span.end() }
    } catch {
      for span in spans {
        span.failed(error)
        span.end()
      }
    }
  }

  private func waitForSpans() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let resumesNow = state.withLock { state in
          guard state.waiting.isEmpty, !Task.isCancelled else { return true }
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

private enum PublishFailure: Error, CustomStringConvertible {
  case dropped

  var description: String { "there was no room for the message" }
}
