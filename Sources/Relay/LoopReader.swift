import Clocks
public import MediaModel
public import NIOCore
import CodedMedia

/// A reader that lives on an event loop, such as a WebSocket or an RTSP session. Use it on that loop only.
///
/// When `onAvailable` is called, pull with `next(at:)` for as long as the connection takes bytes; pull again when it
/// becomes writable.
public final class LoopReader {
  /// Number of the reader, unique in the process.
  public let id: UInt64
  public let options: ReaderOptions
  private let stream: RelayStream
  private let joinedAt: HostTime
  // Given up by `close()`, so that they may hold on to whoever holds this reader.
  private var onAvailable: (() -> Void)?
  private var onEnd: ((ReaderEnd) -> Void)?
  private var queue: ReaderQueue
  private var fanout: LoopFanout?
  private var ages = AgeHistogram()
  private var sentUnits: UInt64 = 0
  private var reportedDrops: UInt64 = 0
  private var uncounted = SentCount()
  var indexInFanout: Int?

  /// Joins `stream` on the current event loop; what is cached of the current group of pictures waits at once.
  /// - Parameters:
  ///   - eventLoop: the loop that this is called on and that both closures will be called on.
  ///   - onAvailable: units wait. Not called before this initialiser returns.
  ///   - onEnd: nothing will come any more; called at most once, and not after `close()`.
  ///
  /// Both closures are held until `close()` or `onEnd`.
  public init(
    stream: RelayStream, options: ReaderOptions, eventLoop: any EventLoop, onAvailable: @escaping () -> Void,
    onEnd: @escaping (ReaderEnd) -> Void
  ) {
    eventLoop.preconditionInEventLoop()
    id = stream.nextReaderID()
    self.stream = stream
    self.options = options
    self.onAvailable = onAvailable
    self.onEnd = onEnd
    queue = ReaderQueue(options: options)
    joinedAt = stream.clocks.host()
    let identity = ReaderIdentity(id: id, transport: options.transport, peer: options.peer)
    let (fanout, snapshot) = stream.join(on: eventLoop, as: identity, options)
    self.fanout = fanout
    queue.start(with: snapshot.group, latestSequence: snapshot.latestSequence, at: joinedAt)
    fanout.add(self)
    if let end = snapshot.end { fanout.end(end) }
  }

  /// The next unit to send, or `nil` when none waits.
  public func next(at now: HostTime) -> Delivery? {
    let delivery = queue.next(at: now)
    reportDrops()
    return delivery
  }

  /// Says that the unit of a delivery was handed to the operating system, for the age figures.
  public func sent(_ delivery: Delivery, at now: HostTime) {
    let age = stream.age(of: delivery.unit, at: now)
    ages.record(age)
    sentUnits += 1
    stream.metrics.recordSent(age: age, added: now.since(delivery.unit.receivedAt), transport: options.transport)
    uncounted.add(bytes: delivery.unit.picture.bytes.readableBytes)
    if uncounted.units >= 16 { countSent() }
  }

  /// Units and bytes that wait.
  public var backlog: (units: Int, bytes: Int) { (queue.count, queue.byteCount) }

  /// Leaves the stream. Idempotent.
  public func close() { leave(.closed) }

  private func leave(_ reason: ReaderEnd) {
    guard let fanout else { return }
    self.fanout = nil
    onAvailable = nil
    onEnd = nil
    fanout.remove(self)
    countSent()
    stream.left(
      as: ReaderIdentity(id: id, transport: options.transport, peer: options.peer), options,
      ReaderStop(
        reason: reason, frames: sentUnits, droppedFrames: queue.droppedUnits,
        duration: stream.clocks.host().since(joinedAt)))
  }

  func offer(_ units: [AccessUnit], at now: HostTime) {
    guard fanout != nil else { return }
    for unit in units where queue.offer(unit, at: now) == .overflow {
      end(.tooSlow(queuedUnits: queue.count, queuedBytes: queue.byteCount))
      return
    }
    reportDrops()
    onAvailable?()
  }

  func end(_ reason: ReaderEnd) {
    guard fanout != nil else { return }
    let onEnd = onEnd
    leave(reason)
    onEnd?(reason)
  }

  /// The figures now; they are asked for a few times a second, which also brings the counters up to date.
  func snapshot() -> ReaderSnapshot {
    countSent()
    return makeSnapshot()
  }

  private func countSent() {
    stream.metrics.countSent(uncounted, transport: options.transport)
    uncounted = SentCount()
  }

  private func makeSnapshot() -> ReaderSnapshot {
    ReaderSnapshot(
      id: id, transport: options.transport, policy: options.policy, queuedUnits: queue.count,
      queuedBytes: queue.byteCount, sentUnits: sentUnits, droppedUnits: queue.droppedUnits, ages: ages)
  }

  private func reportDrops() {
    let fresh = queue.droppedUnits - reportedDrops
    guard fresh > 0 else { return }
    reportedDrops = queue.droppedUnits
    stream.metrics.recordDropped(fresh, transport: options.transport)
  }
}

/// The figures of one reader.
public struct ReaderSnapshot: Sendable {
  public var id: UInt64
  public var transport: ReaderTransport
  public var policy: ReaderPolicy
  public var queuedUnits: Int
  public var queuedBytes: Int
  public var sentUnits: UInt64
  public var droppedUnits: UInt64
  /// Frame age from capture to send.
  public var ages: AgeHistogram
}
