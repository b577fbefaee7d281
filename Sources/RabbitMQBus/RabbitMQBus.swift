public import BusMessages
public import Clocks
public import Logging
public import MediaModel
public import MessageBus
public import MessageSpool
import RabbitMQ
public import ServiceLifecycle
import Synchronization
import Threading

/// The bus on RabbitMQ.
///
/// Each topic is a durable fanout exchange. Messages are persistent, and are kept in memory until the broker confirms
/// them; while it is away, or too slow, they wait in a spool on disk, in order. What may have been delivered before has
/// the header ``BusHeader/redelivered``. A topic's messages of one process arrive in the order of publishing.
///
/// Own messages come back to own subscriptions through the broker, as to any other process.
public final class RabbitMQBus: MessageBus, Service {
  private let state: BusState

  /// - Parameter spool: keeps messages while the broker is away; this bus alone uses it.
  public init(_ options: RabbitMQBusOptions, spool: MessageSpool, clocks: SystemClocks, logger: Logger) {
    state = BusState(options, spool: spool, clocks: clocks, logger: logger)
  }

  /// Connects, and connects again whenever the connection is lost. Ends on graceful shutdown or cancellation, when the
  /// broker confirmed what was published or the shutdown's time is over; what is not confirmed is on disk then.
  public func run() async throws {
    let publisher = ThreadExecutor(name: "bus-publisher"), consumer = ThreadExecutor(name: "bus-consumer")
    let state = state
    await withTaskCancellationOrGracefulShutdownHandler {
      await withTaskGroup(of: Void.self) { tasks in
        tasks.addTask {
          try? await publisher.run {
            var loop = PublisherLoop(state)
            loop.run()
          }
        }
        tasks.addTask {
          try? await consumer.run {
            var loop = ConsumerLoop(state)
            loop.run()
          }
        }
      }
    } onCancelOrGracefulShutdown: {
      state.stop()
    }
  }

  @discardableResult public func publish(_ message: BusMessage) -> PublishOutcome {
    let outcome = state.outgoing.withLock { outgoing -> Outbox.Outcome in
      guard !outgoing.isFinished, !outgoing.isUnusable(message.topic) else { return Outbox.Outcome(isAccepted: false) }
      let outcome = outgoing.outbox.put(message)
      if !outcome.dropped.isEmpty { outgoing.waiters.dropped(outcome.dropped) }
      return outcome
    }
    if outcome.wakes { state.toPublisher.ring() }
    state.metrics.common.published(message.topic)
    let dropped = max(outcome.dropped.count, outcome.isAccepted ? 0 : 1)
    if dropped > 0 { state.metrics.common.dropped(.outgoing, count: dropped) }
    return outcome.isAccepted ? .accepted : .dropped
  }

  /// Also ends when the waiting task is cancelled.
  public func flush() async throws(MessageBusError) {
    let state = state
    let id = Mutex<Int?>(nil)
    let lost = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Int, Never>) in
        let isDone = state.outgoing.withLock { outgoing in
          guard !outgoing.isFinished, !Task.isCancelled else { return true }
          let added = outgoing.waiters.add(continuation, target: outgoing.outbox.lastSequence)
          id.withLock { $0 = added }
          return false
        }
        if isDone { continuation.resume(returning: 0) } else { state.toPublisher.ring() }
      }
    } onCancel: {
      let waiter = state.outgoing.withLock { outgoing in
        id.withLock { $0 }.flatMap { outgoing.waiters.remove($0) }
      }
      waiter?.resume(returning: 0)
    }
    if lost > 0 { throw .lost(messages: lost) }
  }

  /// The queue belongs to this connection, unless the request names a durable one; so after the connection was lost,
  /// only a durable subscription gets what was published meanwhile.
  public func subscribe(_ request: SubscriptionRequest) -> BusSubscription {
    let intake = Intake(.subscription(request), state.toConsumer)
    var local = request
    // The broker sends no more than the prefetch then, so there is nothing to drop here.
    if request.overflow == .hold { (local.messages, local.bytes) = (.max, .max) }
    let metrics = state.metrics, registry = state.intakes, doorbell = state.toConsumer
    let subscription = BusSubscription(
      local, onTaken: { intake.took($0) },
      onDropped: {
        metrics.common.dropped(.subscription)
        intake.took(1)
      },
      onClose: {
        registry.remove(intake)
        doorbell.ring()
      })
    intake.connect(subscription)
    registry.add(intake)
    doorbell.ring()
    return subscription
  }

  public var status: MessageBusStatus {
    let (messages, bytes) = state.outgoing.withLock { ($0.outbox.count, $0.outbox.bytes) }
    return state.standing.withLock { standing in
      MessageBusStatus(
        isConnected: standing.isPublisherConnected,
        problem: standing.outage ?? (standing.clashes.isEmpty ? nil : standing.clashes.joined(separator: "; ")),
        waitingMessages: messages + state.spool.messages + state.unconfirmed.load(ordering: .relaxed),
        waitingBytes: bytes + state.spool.bytes)
    }
  }

  // MARK: Video

  /// Makes sure that a queue keeps the video of one stream, or of all: of type `stream`, so that readers start where
  /// they like. Done when the broker is there, and again whenever it comes back; ahead of what is published later.
  /// - Parameters:
  ///   - bindingKey: the stream's name, or `#`; what is published on ``Topic/videoStream`` has its header
  ///     ``BusHeader/stream`` as key.
  ///   - maxBytes: what the broker keeps; it drops whole segments, an eighth of it each.
  ///   - maxAge: how long it keeps them.
  public func declareVideoQueue(named name: String, bindingKey: String, maxBytes: Int, maxAge: Nanoseconds) {
    let declaration = VideoQueueDeclaration(name: name, bindingKey: bindingKey, maxBytes: maxBytes, maxAge: maxAge)
    state.outgoing.withLock { outgoing in
      guard !outgoing.videoQueues.contains(declaration) else { return }
      outgoing.videoQueues.removeAll { $0.name == name }
      outgoing.videoQueues.append(declaration)
    }
    state.toPublisher.ring()
  }

  /// Stops caring for a video queue; the broker keeps it.
  public func forgetVideoQueue(named name: String) {
    state.outgoing.withLock { $0.videoQueues.removeAll { $0.name == name } }
  }

  /// Reads a video queue.
  public func readVideoQueue(named name: String, from start: StreamOffset) -> VideoQueueReader {
    let intake = Intake(.video, state.toConsumer)
    let registry = state.intakes, doorbell = state.toConsumer
    let reader = VideoQueueReader(
      name: name, from: start, onTaken: { intake.took($0) },
      onClose: {
        registry.remove(intake)
        doorbell.ring()
      })
    intake.connect(reader)
    registry.add(intake)
    doorbell.ring()
    return reader
  }
}

extension BusState.Outgoing {
  fileprivate func isUnusable(_ topic: Topic) -> Bool { !unusableTopics.isEmpty && unusableTopics.contains(topic) }
}
