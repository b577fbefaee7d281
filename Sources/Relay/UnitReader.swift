import NIOCore
import Clocks
import CodedMedia
import MediaModel
import Synchronization

/// Why reading from a stream failed, as opposed to ended.
public enum ReaderError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A `lossless` reader let its queue fill up; units would have been lost.
  case tooSlow(queuedUnits: Int, queuedBytes: Int)

  public var description: String {
    switch self {
    case .tooSlow(let units, let bytes): ReaderEnd.tooSlow(queuedUnits: units, queuedBytes: bytes).reason
    }
  }
}

/// A reader for tasks: an asynchronous sequence of deliveries that ends when the stream does.
///
/// One task iterates it, and closes it when it stops before the end (cancelling the task does so too). The publisher never waits for it: its queue is bounded as its options say.
public final class UnitReader: AsyncSequence, Sendable {
  public typealias Element = Delivery
  public typealias Failure = ReaderError

  private struct State: ~Copyable {
    var queue: ReaderQueue
    var waiter: CheckedContinuation<Void, Never>?
    var end: ReaderEnd?
    var ages = AgeHistogram()
    var sentUnits: UInt64 = 0
    var reportedDrops: UInt64 = 0
    var hasLeft = false
    var joinedAt = HostTime(nanos: 0)
  }

  /// Number of the reader, unique in the process.
  public let id: UInt64
  public let options: ReaderOptions
  private let stream: RelayStream
  private let state: Mutex<State>

  init(stream: RelayStream, options: ReaderOptions) {
    id = stream.nextReaderID()
    self.stream = stream
    self.options = options
    state = Mutex(State(queue: ReaderQueue(options: options)))
  }

  func start(with snapshot: JoinSnapshot) {
    let now = stream.clocks.host()
    state.withLock { state in
      state.queue.start(with: snapshot.group, latestSequence: snapshot.latestSequence, at: now)
      state.end = snapshot.end
      state.joinedAt = now
    }
  }

  var identity: ReaderIdentity { ReaderIdentity(id: id, transport: options.transport, peer: options.peer) }

  /// The next delivery, waiting for it if need be; `nil` when the stream ended or the reader was closed.
  /// - Throws: ``ReaderError`` when the policy is `lossless` and the queue was full.
  public func next() async throws(ReaderError) -> Delivery? {
    while true {
      let now = stream.clocks.host()
      let (delivery, end, dropped) = state.withLock { state in
        let delivery = state.end == .closed ? nil : state.queue.next(at: now)
        let dropped = state.queue.droppedUnits - state.reportedDrops
        state.reportedDrops = state.queue.droppedUnits
        if let delivery {
          state.ages.record(stream.age(of: delivery.unit, at: now))
          state.sentUnits += 1
        }
        return (delivery, state.end, dropped)
      }
      if dropped > 0 { stream.metrics.recordDropped(dropped, transport: options.transport) }
      if let delivery {
        let unit = delivery.unit
        stream.metrics.recordSent(
          age: stream.age(of: unit, at: now), added: now.since(unit.receivedAt), transport: options.transport)
        var sent = SentCount()
        sent.add(bytes: unit.bytes.readableBytes)
        stream.metrics.countSent(sent, transport: options.transport)
        return delivery
      }
      if case .tooSlow(let units, let bytes) = end { throw .tooSlow(queuedUnits: units, queuedBytes: bytes) }
      if end != nil { return nil }
      await waitForChange()
    }
  }

  /// Leaves the stream; a waiting `next()` returns `nil`. Idempotent.
  public func close() { finish(.closed) }

  /// Units and bytes that wait.
  public var backlog: (units: Int, bytes: Int) { state.withLock { ($0.queue.count, $0.queue.byteCount) } }

  private func waitForChange() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let resumesNow = state.withLock { state in
          guard state.queue.count == 0, state.end == nil else { return true }
          state.waiter = continuation
          return false
        }
        if resumesNow { continuation.resume() }
      }
    } onCancel: {
      close()
    }
  }

  private func finish(_ reason: ReaderEnd) {
    let waiter = state.withLock { state in
      if state.end == nil { state.end = reason }
      return state.waiter.take()
    }
    leave()
    waiter?.resume()
  }

  private func leave() {
    let now = stream.clocks.host()
    let stop = state.withLock { state -> ReaderStop? in
      guard !state.hasLeft else { return nil }
      state.hasLeft = true
      return ReaderStop(
        reason: state.end ?? .closed, frames: state.sentUnits, droppedFrames: state.queue.droppedUnits,
        duration: now.since(state.joinedAt))
    }
    if let stop { stream.leave(port: ObjectIdentifier(self), as: identity, options, stop) }
  }

  func snapshot() -> ReaderSnapshot {
    state.withLock { state in
      ReaderSnapshot(
        id: id, transport: options.transport, policy: options.policy, queuedUnits: state.queue.count,
        queuedBytes: state.queue.byteCount, sentUnits: state.sentUnits, droppedUnits: state.queue.droppedUnits,
        ages: state.ages)
    }
  }

  // MARK: AsyncSequence

  public struct AsyncIterator: AsyncIteratorProtocol {
    let reader: UnitReader

    public mutating func next() async throws(ReaderError) -> Delivery? { try await reader.next() }

    public mutating func next(isolation actor: isolated (any Actor)?) async throws(ReaderError) -> Delivery? {
      try await reader.next()
    }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(reader: self) }
}

extension UnitReader: ReaderPort {
  func deliver(_ unit: AccessUnit) {
    let now = stream.clocks.host()
    let (outcome, waiter, backlog) = state.withLock { state in
      let outcome = state.queue.offer(unit, at: now)
      return (outcome, state.waiter.take(), (state.queue.count, state.queue.byteCount))
    }
    if outcome == .overflow { finish(.tooSlow(queuedUnits: backlog.0, queuedBytes: backlog.1)) }
    waiter?.resume()
  }

  func end(_ reason: ReaderEnd) { finish(reason) }
}
