public import BusMessages
import DequeModule
import Synchronization

/// A message as a subscriber gets it.
public struct BusDelivery: Hashable, Sendable {
  public var message: BusMessage
  /// It may have been delivered before.
  public var isRedelivered: Bool

  public init(message: BusMessage, isRedelivered: Bool = false) {
    self.message = message
    self.isRedelivered = isRedelivered
  }
}

/// Messages that wait for one subscriber: an asynchronous sequence for one task.
///
/// When it is full, the oldest message is dropped and counted. Cancelling the task that waits closes it.
public final class BusSubscription: AsyncSequence, Sendable {
  private struct State {
    var queue: Deque<BusDelivery> = []
    var bytes = 0
    var dropped = 0
    var isClosed = false
    var waiter: CheckedContinuation<Void, Never>?
  }

  public let request: SubscriptionRequest
  private let onClose: @Sendable () -> Void
  private let onTaken: @Sendable (_ messages: Int) -> Void
  private let onDropped: @Sendable () -> Void
  private let state = Mutex(State())

  /// - Parameters:
  ///   - onTaken: the subscriber has taken so many messages. Called on the subscriber's task.
  ///   - onDropped: a message was dropped.
  ///   - onClose: it is closed. Called once.
  public init(
    _ request: SubscriptionRequest, onTaken: @escaping @Sendable (_ messages: Int) -> Void = { _ in },
    onDropped: @escaping @Sendable () -> Void = {}, onClose: @escaping @Sendable () -> Void = {}
  ) {
    self.request = request
    self.onTaken = onTaken
    self.onDropped = onDropped
    self.onClose = onClose
  }

  deinit { close() }

  /// Adds a message. Never waits.
  /// - Returns: `false` when the subscription is closed.
  @discardableResult public func offer(_ delivery: BusDelivery) -> Bool {
    let outcome: (waiter: CheckedContinuation<Void, Never>?, dropped: Int)? = state.withLock { state in
      guard !state.isClosed else { return nil }
      state.queue.append(delivery)
      state.bytes += delivery.message.cost
      var dropped = 0
      while state.queue.count > 1, state.queue.count > request.messages || state.bytes > request.bytes {
        state.bytes -= state.queue.removeFirst().message.cost
        dropped += 1
      }
      state.dropped += dropped
      return (state.waiter.take(), dropped)
    }
    guard let outcome else { return false }
    for _ in 0..<outcome.dropped { onDropped() }
    outcome.waiter?.resume()
    return true
  }

  /// Messages and bytes that wait.
  public var backlog: (messages: Int, bytes: Int) { state.withLock { ($0.queue.count, $0.bytes) } }

  /// Messages that were dropped so far.
  public var dropped: Int { state.withLock { $0.dropped } }

  /// The next message, or `nil` when the subscription is closed and everything is taken.
  public func next() async -> BusDelivery? {
    while true {
      let (delivery, isClosed) = state.withLock { state in
        let delivery = state.queue.popFirst()
        if let delivery { state.bytes -= delivery.message.cost }
        return (delivery, state.isClosed)
      }
      if let delivery {
        onTaken(1)
        return delivery
      }
      if isClosed { return nil }
      await waitForChange()
    }
  }

  /// Everything that waits, at once; waits for the first message.
  /// - Returns: an empty array when the subscription is closed.
  public func nextBatch() async -> [BusDelivery] {
    while true {
      let (batch, isClosed) = state.withLock { state in
        let batch = Array(state.queue)
        state.queue.removeAll(keepingCapacity: true)
        state.bytes = 0
        return (batch, state.isClosed)
      }
      if !batch.isEmpty {
        onTaken(batch.count)
        return batch
      }
      if isClosed { return [] }
      await waitForChange()
    }
  }

  /// Leaves the topics; what waits can still be taken. Idempotent.
  public func close() {
    let (waiter, isFirst) = state.withLock { state in
      defer { state.isClosed = true }
      return (state.waiter.take(), !state.isClosed)
    }
    waiter?.resume()
    if isFirst { onClose() }
  }

  private func waitForChange() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let resumesNow = state.withLock { state in
          guard state.queue.isEmpty, !state.isClosed else { return true }
          state.waiter = continuation
          return false
        }
        if resumesNow { continuation.resume() }
      }
    } onCancel: {
      close()
    }
  }

  public struct AsyncIterator: AsyncIteratorProtocol {
    let subscription: BusSubscription

    public mutating func next() async -> BusDelivery? { await subscription.next() }
    public mutating func next(isolation actor: isolated (any Actor)?) async -> BusDelivery? {
      await subscription.next()
    }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(subscription: self) }
}
