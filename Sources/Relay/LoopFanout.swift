import CodedMedia
import MediaModel
import NIOCore
import Synchronization

/// All readers of one stream on one event loop: the publisher wakes the loop once per access unit, whatever the
/// number of readers, and the loop serves them one after the other.
// Safe because `readers` is touched on `eventLoop` only; everything else is immutable or behind the mutex.
final class LoopFanout: ReaderPort, @unchecked Sendable {
  /// More units than this waiting for a loop mean that the loop is stuck; it then starts again at a key frame.
  private static let pendingLimit = 512

  private struct Pending {
    var units: [AccessUnit] = []
    var end: ReaderEnd?
    var isScheduled = false

    /// Whether the caller has to wake the loop.
    mutating func claimSchedule() -> Bool {
      defer { isScheduled = true }
      return !isScheduled
    }
  }

  let eventLoop: any EventLoop
  private let now: @Sendable () -> HostTime
  private let pending = Mutex(Pending())
  private var readers: [LoopReader] = []

  init(eventLoop: any EventLoop, now: @escaping @Sendable () -> HostTime) {
    self.eventLoop = eventLoop
    self.now = now
  }

  func deliver(_ unit: AccessUnit) {
    let mustSchedule = pending.withLock { pending in
      // The hole that this leaves in the numbers makes every reader wait for a key frame.
      if pending.units.count >= Self.pendingLimit { pending.units.removeAll() }
      pending.units.append(unit)
      return pending.claimSchedule()
    }
    if mustSchedule { eventLoop.execute { self.drain() } }
  }

  func end(_ reason: ReaderEnd) {
    let mustSchedule = pending.withLock { pending in
      pending.end = reason
      return pending.claimSchedule()
    }
    if mustSchedule { eventLoop.execute { self.drain() } }
  }

  func add(_ reader: LoopReader) {
    eventLoop.preconditionInEventLoop()
    reader.indexInFanout = readers.count
    readers.append(reader)
  }

  func remove(_ reader: LoopReader) {
    eventLoop.preconditionInEventLoop()
    guard let index = reader.indexInFanout else { return }
    reader.indexInFanout = nil
    let last = readers.removeLast()
    guard last !== reader else { return }
    readers[index] = last
    last.indexInFanout = index
  }

  /// The readers' figures. On the event loop only.
  func readerSnapshots() -> [ReaderSnapshot] { readers.map { $0.snapshot() } }

  private func drain() {
    let (units, end) = pending.withLock { pending in
      let taken = (pending.units, pending.end)
      pending = Pending()
      return taken
    }
    // A copy, because serving a reader may close it and so change the list.
    let current = readers
    if !units.isEmpty {
      let time = now()
      for reader in current { reader.offer(units, at: time) }
    }
    if let end {
      for reader in current { reader.end(end) }
    }
  }
}
