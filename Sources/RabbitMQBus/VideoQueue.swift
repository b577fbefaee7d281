public import BusMessages
import DequeModule
public import MediaModel
import RabbitMQ
import Synchronization

/// Where to start reading a video queue.
public enum StreamOffset: Hashable, Sendable {
  /// The oldest message that is kept.
  case first
  /// The chunk of messages that was written last.
  case last
  /// Only what comes from now on.
  case next
  case offset(UInt64)
  /// The chunk that was written at that time, to the second.
  case timestamp(WallTime)

  var argument: AMQPValue {
    switch self {
    case .first: .text("first")
    case .last: .text("last")
    case .next: .text("next")
    case .offset(let offset): .integer(Int64(clamping: offset))
    case .timestamp(let time): .timestamp(UInt64(max(0, time.nanosSince1970 / 1_000_000_000)))
    }
  }
}

/// A message of a video queue.
public struct VideoQueueDelivery: Hashable, Sendable {
  /// Its place in the queue, for ever.
  public var offset: UInt64
  public var message: BusMessage
}

/// Why a reader of a video queue ended.
public enum VideoQueueEnd: Hashable, Sendable {
  /// There is no such queue, or it was deleted.
  case noQueue
  /// The broker went away; read on from the offset after the last.
  case connectionLost
  /// The broker refused, in its words.
  case refused(reason: String)
  /// Whoever read it, or the bus, closed it.
  case closed
}

/// Reads one video queue: an asynchronous sequence for one task.
///
/// It waits for the broker if need be. Once it reads, it ends when the connection does; ``end`` says why. At most
/// ``prefetch`` messages wait in memory; the broker keeps the rest. Cancelling the task that waits closes it.
public final class VideoQueueReader: AsyncSequence, Sendable {
  private struct State {
    var queue: Deque<VideoQueueDelivery> = []
    var end: VideoQueueEnd?
    var waiter: CheckedContinuation<Void, Never>?
  }

  /// Messages that the broker sends ahead; 64 are 2 s of video at 30 fps.
  public static let prefetch = 64

  /// The queue's name.
  public let name: String
  let start: StreamOffset
  private let onTaken: @Sendable (Int) -> Void
  private let onClose: @Sendable () -> Void
  private let state = Mutex(State())

  init(
    name: String, from start: StreamOffset, onTaken: @escaping @Sendable (Int) -> Void,
    onClose: @escaping @Sendable () -> Void
  ) {
    self.name = name
    self.start = start
    self.onTaken = onTaken
    self.onClose = onClose
  }

  deinit { close() }

  /// Why it ended; `nil` while it has not.
  public var end: VideoQueueEnd? { state.withLock { $0.end } }

  /// The next message, or `nil` when it ended and everything is taken; see ``end``.
  public func next() async -> VideoQueueDelivery? {
    while true {
      let (delivery, hasEnded) = state.withLock { ($0.queue.popFirst(), $0.end != nil) }
      if let delivery {
        onTaken(1)
        return delivery
      }
      if hasEnded { return nil }
      await waitForChange()
    }
  }

  /// Ends it. Idempotent.
  public func close() { finish(.closed) }

  /// - Returns: `false` when it has ended.
  @discardableResult func offer(_ delivery: VideoQueueDelivery) -> Bool {
    let (isOpen, waiter) = state.withLock { state in
      guard state.end == nil else { return (false, nil as CheckedContinuation<Void, Never>?) }
      state.queue.append(delivery)
      return (true, state.waiter.take())
    }
    waiter?.resume()
    return isOpen
  }

  func finish(_ end: VideoQueueEnd) {
    let (waiter, isFirst) = state.withLock { state in
      let isFirst = state.end == nil
      if isFirst { state.end = end }
      return (state.waiter.take(), isFirst)
    }
    waiter?.resume()
    if isFirst { onClose() }
  }

  private func waitForChange() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let resumesNow = state.withLock { state in
          guard state.queue.isEmpty, state.end == nil else { return true }
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
    let reader: VideoQueueReader

    public mutating func next() async -> VideoQueueDelivery? { await reader.next() }
    public mutating func next(isolation actor: isolated (any Actor)?) async -> VideoQueueDelivery? {
      await reader.next()
    }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(reader: self) }
}

/// A video queue that should exist.
struct VideoQueueDeclaration: Hashable, Sendable {
  var name: String
  var bindingKey: String
  var maxBytes: Int
  var maxAge: Nanoseconds

  /// A stream is cut by whole segments, so that a segment must be small beside the whole; RabbitMQ's own is 500 MB.
  var segmentBytes: Int { min(max(maxBytes / 8, 1 << 20), 500_000_000) }

  var arguments: AMQPArguments {
    [
      ("x-queue-type", .text("stream")),
      ("x-max-length-bytes", .integer(Int64(maxBytes))),
      ("x-max-age", .text("\(max(1, Int(maxAge.seconds.rounded(.up))))s")),
      ("x-stream-max-segment-size-bytes", .integer(Int64(segmentBytes))),
    ]
  }
}
