public import BusMessages
import Metrics
import Synchronization

/// The bus of a single process: nothing to install, nothing copied.
public final class InProcessBus: MessageBus {
  // Safe because the reference is only read, and zeroed by the runtime atomically.
  private struct WeakSubscription: @unchecked Sendable {
    weak var subscription: BusSubscription?
  }

  private struct State {
    var subscriptions: [ObjectIdentifier: WeakSubscription] = [:]
    /// Who takes each topic, so that publishing does not search.
    var byTopic: [Topic: [WeakSubscription]] = [:]
  }

  private let metrics = MessageBusMetrics()
  private let state = Mutex(State())

  public init() {}

  @discardableResult public func publish(_ message: BusMessage) -> PublishOutcome {
    deliver(BusDelivery(message: message))
    metrics.published(message.topic)
    return .accepted
  }

  /// Hands a message to the subscriptions of this process only, not counted as published here.
  public func deliver(_ delivery: BusDelivery) {
    let takers = state.withLock { $0.byTopic[delivery.message.topic] ?? [] }
    for taker in takers { taker.subscription?.offer(delivery) }
  }

  public func flush() async throws(MessageBusError) {}

  public func subscribe(_ request: SubscriptionRequest) -> BusSubscription {
    let identity = Mutex<ObjectIdentifier?>(nil)
    let metrics = metrics
    let subscription = BusSubscription(
      request, onDropped: { metrics.dropped(.subscription) },
      onClose: { [weak self] in
        guard let identity = identity.withLock({ $0 }) else { return }
        self?.state.withLock { state in
          state.subscriptions[identity] = nil
          Self.index(&state)
        }
      })
    identity.withLock { $0 = ObjectIdentifier(subscription) }
    state.withLock { state in
      state.subscriptions[ObjectIdentifier(subscription)] = WeakSubscription(subscription: subscription)
      Self.index(&state)
    }
    return subscription
  }

  public var status: MessageBusStatus { MessageBusStatus(isConnected: true) }

  private static func index(_ state: inout State) {
    state.byTopic = [:]
    for taker in state.subscriptions.values {
      for topic in taker.subscription?.request.topics ?? [] { state.byTopic[topic, default: []].append(taker) }
    }
  }
}
