import BusMessages
import Clocks
import DequeModule
import Logging
import MediaModel
import MessageBus
import MessageSpool
import Observability
import RabbitMQ
import Synchronization

extension PublisherLoop {
  private static var spoolBatchMessages: Int { 1_024 }
  private static var spoolBatchBytes: Int { 4 << 20 }
  /// How long a disk that refused is left alone.
  private static var spoolRetry: Nanoseconds { .seconds(5) }

  /// Puts the outbox on disk when much waits in memory.
  mutating func spoolWhenCrowded() {
    guard bus.outgoing.withLock({ $0.outbox.isHalfFull }) else { return }
    spoolOutbox()
  }

  /// Puts the outbox on disk, behind everything that is older.
  mutating func spoolOutbox() {
    guard bus.clocks.host() >= nextSpoolAttempt, !bus.outgoing.withLock({ $0.outbox.isEmpty }),
      spoolWhatIsOlder()
    else { return }
    while true {
      let batch = bus.outgoing.withLock {
        $0.outbox.take(maxMessages: Self.spoolBatchMessages, maxBytes: Self.spoolBatchBytes)
      }
      guard !batch.isEmpty else { return }
      let rest = store(batch)
      guard rest.isEmpty else {
        putBack(rest)
        return
      }
    }
  }

  /// Puts what was sent, is not confirmed and is only in memory on disk too, so that it stays in front of what follows.
  /// - Returns: whether all of it is there.
  private mutating func spoolWhatIsOlder() -> Bool {
    // Not sent yet, and not rejected either: it can simply be the first of the outbox again.
    let unsent = ready.filter { $0.volatileSequence != nil && $0.rejections == 0 }
    ready.removeAll { $0.volatileSequence != nil && $0.rejections == 0 }
    putBack(unsent.compactMap(Self.outboxEntry), isRefused: false)
    let sent = window.volatileEntries
    guard !sent.isEmpty else { return true }
    let entries = sent.map { spoolEntry($0.message, $0.id, mayHaveBeenSent: true) }
    guard case .kept = bus.spool.append(entries) else {
      nextSpoolAttempt = bus.clocks.host().advanced(by: Self.spoolRetry)
      return false
    }
    isSpoolDirty = true
    // Nothing else is unread then: what is in memory only was taken after the spool was read to its end.
    let positions = bus.spool.peek(after: cursor, maxMessages: entries.count, maxBytes: .max).map { $0.0 }
    window.spooled(at: positions)
    cursor = positions.last ?? cursor
    return true
  }

  /// After the connection was lost: what is not confirmed must be sent again, first of all.
  mutating func keepWhatWasNotConfirmed() {
    if let removable = removable.take() { bus.spool.remove(through: removable) }
    let unconfirmed = window.lost()
    let volatile = (unconfirmed + ready).compactMap(Self.outboxEntry)
    ready.removeAll()
    // What was read from the spool may have been sent, and is read again.
    sentThrough = [sentThrough, unconfirmed.compactMap(\.position).max()].compactMap { $0 }.max()
    cursor = nil
    hasUnreadSpool = !bus.spool.isEmpty
    bus.unconfirmed.store(0, ordering: .relaxed)
    guard !volatile.isEmpty else { return }
    let isDiskReady = bus.clocks.host() >= nextSpoolAttempt
    putBack(isDiskReady ? store(volatile) : volatile, isRefused: isDiskReady)
  }

  private static func outboxEntry(_ entry: Entry) -> Outbox.Entry? {
    entry.volatileSequence.map {
      Outbox.Entry(message: entry.message, sequence: $0, mayHaveBeenSent: entry.mayHaveBeenSent)
    }
  }

  private mutating func putBack(_ entries: [Outbox.Entry], isRefused: Bool = true) {
    guard !entries.isEmpty else { return }
    if isRefused { nextSpoolAttempt = bus.clocks.host().advanced(by: Self.spoolRetry) }
    bus.dropped(bus.outgoing.withLock { $0.outbox.putBack(entries) })
  }

  /// Puts messages on disk.
  /// - Returns: what the disk refused and should stay in memory, in order.
  private mutating func store(_ entries: [Outbox.Entry]) -> [Outbox.Entry] {
    var rest: [Outbox.Entry] = []
    // One call for each precedence: what is kept of a call is its beginning then.
    for precedence in [Topic.Precedence.essential, .bulk] {
      let part = entries.filter { $0.message.topic.precedence == precedence }
      guard !part.isEmpty else { continue }
      let outcome = bus.spool.append(
        part.map { spoolEntry($0.message, .own($0.sequence), mayHaveBeenSent: $0.mayHaveBeenSent) })
      guard case .partly(let kept, let dropped, let error) = outcome else { continue }
      let refused = Array(part.dropFirst(kept))
      bus.metrics.common.dropped(.spool, count: max(0, dropped - refused.count))
      if error?.isDiskTrouble ?? false { rest += refused } else { bus.dropped(refused.map(\.sequence), .spool) }
    }
    isSpoolDirty = true
    hasUnreadSpool = !bus.spool.isEmpty
    return rest.sorted { $0.sequence < $1.sequence }
  }

  private func spoolEntry(_ message: BusMessage, _ id: Entry.Identity, mayHaveBeenSent: Bool) -> SpoolEntry {
    let name =
      switch id {
      case .own(let sequence): bus.idPrefix.text + String(sequence)
      case .named(let name): name
      }
    return SpoolEntry(message: message, id: name, mayHaveBeenSent: mayHaveBeenSent)
  }

  // MARK: Waiting for safety

  /// Tells who waits for what is safe now.
  mutating func settleWaiters() {
    guard !bus.outgoing.withLock({ $0.waiters.isEmpty }) else { return }
    if isSpoolDirty { syncSpool() }
    let inFlight = [window.firstVolatileSequence, ready.lazy.compactMap(\.volatileSequence).min()]
      .compactMap { $0 }.min()
    let done = bus.outgoing.withLock { outgoing in
      outgoing.waiters.settled(before: [inFlight, outgoing.outbox.firstSequence].compactMap { $0 }.min())
    }
    for (waiter, lost) in done { waiter.resume(returning: lost) }
  }

  private mutating func syncSpool() {
    isSpoolDirty = false
    do throws(SpoolError) {
      try bus.spool.sync()
    } catch {
      bus.logger.error("messages on disk may not survive a power cut", metadata: [.error: "\(error)"])
    }
  }

  /// The end: what is not confirmed goes to disk, for the next start.
  mutating func finish() {
    keepWhatWasNotConfirmed()
    nextSpoolAttempt = HostTime(nanos: .min)
    spoolOutbox()
    syncSpool()
    bus.standing.withLock { $0.isPublisherConnected = false }
    bus.metrics.isConnected(.publisher, false)
    let (lost, waiters) = bus.outgoing.withLock { outgoing in
      let rest = outgoing.outbox.take(maxMessages: .max, maxBytes: .max).map(\.sequence)
      outgoing.waiters.dropped(rest)
      outgoing.isFinished = true
      return (rest.count, outgoing.waiters.settled(before: nil))
    }
    if lost > 0 {
      bus.metrics.common.dropped(.outgoing, count: lost)
      bus.logger.error("messages could neither be delivered nor kept on disk", metadata: [.count: "\(lost)"])
    }
    for (waiter, lost) in waiters { waiter.resume(returning: lost) }
    guard !bus.spool.isEmpty else { return }
    bus.logger.notice("messages stay on disk for the next start", metadata: [.count: "\(bus.spool.messages)"])
  }
}

extension SpoolError {
  /// Whether the disk is to blame, so that memory may help until it works again.
  fileprivate var isDiskTrouble: Bool {
    switch self {
    case .disk, .lowSpace, .inUse, .unknownFormat: true
    case .full, .tooLarge: false
    }
  }
}
