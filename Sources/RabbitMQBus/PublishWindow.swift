import BusMessages
import DequeModule
import MediaModel

/// Messages that were sent and not confirmed yet: which can be forgotten, which must be sent again.
///
/// A value that knows neither broker nor disk. Tags are those of one channel in confirm mode: 1, 2, 3….
package struct PublishWindow<Position: Comparable & Sendable>: Sendable {
  /// How much may be unconfirmed at a time.
  package struct Limits: Hashable, Sendable {
    package var messages: Int
    package var bytes: Int
    /// Times that a message is sent again after the broker rejected it.
    package var retries: Int

    package init(messages: Int = 4_096, bytes: Int = 8 << 20, retries: Int = 3) {
      self.messages = messages
      self.bytes = bytes
      self.retries = retries
    }
  }

  /// What follows from an answer of the broker.
  package struct Settlement: Sendable {
    /// Messages that it confirmed.
    package var confirmed = 0
    /// Time since the oldest of them was sent.
    package var latency: Nanoseconds?
    /// Messages to send again, before others.
    package var retries: [Outgoing<Position>] = []
    /// Messages that it rejected too often.
    package var givenUp = 0
    /// The spool may forget everything up to here.
    package var removable: Position?
  }

  private struct Slot {
    /// `nil` once it is settled.
    var entry: Outgoing<Position>?
    var position: Position?
    var sentAt: HostTime
  }

  private let limits: Limits
  private var slots: Deque<Slot> = []
  /// The tag of the first slot.
  private var firstTag: UInt64 = 1
  /// Rejected messages that are on their way again: their places in the spool must stay.
  private var outstandingRetries = 0
  private var heldBack: Position?

  /// Messages that are not settled.
  package private(set) var count = 0
  /// What they cost.
  package private(set) var bytes = 0

  package init(limits: Limits = Limits()) { self.limits = limits }

  package var isEmpty: Bool { count == 0 && outstandingRetries == 0 }

  /// Whether another message may be sent. One may always, however large it is.
  package var hasRoom: Bool { count == 0 || (slots.count < limits.messages && bytes < limits.bytes) }

  /// A message was sent, and has the next tag.
  package mutating func sent(_ entry: Outgoing<Position>, at now: HostTime) {
    count += 1
    bytes += entry.message.cost
    slots.append(Slot(entry: entry, position: entry.position, sentAt: now))
  }

  /// A message was dropped instead of sent. Its place in the spool goes with what was sent before it.
  package mutating func abandoned(_ entry: Outgoing<Position>) -> Settlement {
    if entry.rejections > 0 { outstandingRetries -= 1 }
    var settlement = Settlement()
    if let position = entry.position, let last = slots.indices.last {
      slots[last].position = max(slots[last].position ?? position, position)
      settlement.removable = removable(nil)
    } else {
      settlement.removable = removable(entry.position)
    }
    return settlement
  }

  /// The broker has a message, or all up to it.
  package mutating func confirmed(_ tag: UInt64, upTo: Bool, at now: HostTime) -> Settlement {
    var settlement = Settlement()
    for index in indices(tag, upTo: upTo) {
      guard let entry = settle(index) else { continue }
      settlement.confirmed += 1
      if settlement.latency == nil { settlement.latency = now.since(slots[index].sentAt) }
      if entry.rejections > 0 { outstandingRetries -= 1 }
    }
    settlement.removable = removable(popSettled())
    return settlement
  }

  /// The broker could not take a message, or all up to it.
  package mutating func rejected(_ tag: UInt64, upTo: Bool) -> Settlement {
    var settlement = Settlement()
    for index in indices(tag, upTo: upTo) {
      guard var entry = settle(index) else { continue }
      if entry.rejections == 0 { outstandingRetries += 1 }
      guard entry.rejections < limits.retries else {
        outstandingRetries -= 1
        settlement.givenUp += 1
        continue
      }
      entry.rejections += 1
      // Some of the queues that it went to may have taken it.
      entry.mayHaveBeenSent = true
      settlement.retries.append(entry)
    }
    settlement.removable = removable(popSettled())
    return settlement
  }

  /// The connection is gone. Starts over with tag 1.
  /// - Returns: what is not settled, in order; all of it may have been sent.
  package mutating func lost() -> [Outgoing<Position>] {
    let rest = slots.compactMap { slot -> Outgoing<Position>? in
      guard var entry = slot.entry else { return nil }
      entry.mayHaveBeenSent = true
      entry.rejections = 0
      return entry
    }
    self = PublishWindow(limits: limits)
    return rest
  }

  /// What is only in memory, in order.
  package var volatileEntries: [Outgoing<Position>] {
    slots.compactMap { slot in
      guard let entry = slot.entry, entry.position == nil else { return nil }
      return entry
    }
  }

  /// What is only in memory was put into the spool, at these places, in order.
  package mutating func spooled(at positions: [Position]) {
    var rest = positions[...]
    for index in slots.indices where slots[index].entry != nil && slots[index].position == nil {
      guard let position = rest.popFirst() else { return }
      slots[index].position = position
      slots[index].entry?.position = position
    }
  }

  /// The number of the first message that is only in memory.
  package var firstVolatileSequence: UInt64? {
    slots.lazy.compactMap { $0.entry?.volatileSequence }.min()
  }

  /// Slots that an answer is about; a tag that was never given, or was settled, is about none.
  private func indices(_ tag: UInt64, upTo: Bool) -> Range<Int> {
    guard tag >= firstTag, tag - firstTag < UInt64(slots.count) else { return 0..<0 }
    let index = Int(tag - firstTag)
    return upTo ? 0..<index + 1 : index..<index + 1
  }

  private mutating func settle(_ index: Int) -> Outgoing<Position>? {
    guard let entry = slots[index].entry.take() else { return nil }
    count -= 1
    bytes -= entry.message.cost
    return entry
  }

  /// Forgets the settled slots at the front.
  private mutating func popSettled() -> Position? {
    var last: Position?
    while let first = slots.first, first.entry == nil {
      if let position = first.position { last = max(last ?? position, position) }
      slots.removeFirst()
      firstTag &+= 1
    }
    return last
  }

  private mutating func removable(_ position: Position?) -> Position? {
    if let position { heldBack = max(heldBack ?? position, position) }
    guard outstandingRetries == 0 else { return nil }
    return heldBack.take()
  }
}
