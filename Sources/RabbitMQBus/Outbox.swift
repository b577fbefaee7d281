import BusMessages
import DequeModule

/// Messages that were published and wait for the thread that sends them.
///
/// Bounded: when it is full, the oldest bulk message goes first, and the oldest essential one when there is no bulk.
package struct Outbox: Sendable {
  /// How much may wait.
  package struct Limits: Hashable, Sendable {
    package var messages: Int
    package var bytes: Int

    package init(messages: Int = 65_536, bytes: Int = 64 << 20) {
      self.messages = messages
      self.bytes = bytes
    }
  }

  package struct Entry: Sendable {
    package var message: BusMessage
    /// Counts the messages of this process from 1.
    package var sequence: UInt64
    package var mayHaveBeenSent: Bool

    package init(message: BusMessage, sequence: UInt64, mayHaveBeenSent: Bool = false) {
      self.message = message
      self.sequence = sequence
      self.mayHaveBeenSent = mayHaveBeenSent
    }
  }

  /// What became of a message that was put in.
  package struct Outcome: Sendable {
    /// Whether it is in.
    package var isAccepted: Bool
    /// Numbers of messages that were dropped, itself included.
    package var dropped: [UInt64] = []
    /// Whether the thread sleeps and must be woken.
    package var wakes: Bool = false
  }

  /// What the thread waits for.
  package enum Sleep: Hashable, Sendable {
    /// It works.
    case awake
    /// Any message.
    case untilAny
    /// So many that they should be put on disk.
    case untilHalfFull
  }

  private let limits: Limits
  private var essential: Deque<Entry> = []
  private var bulk: Deque<Entry> = []
  private var sleep = Sleep.awake

  package private(set) var bytes = 0
  /// The number of the latest message.
  package private(set) var lastSequence: UInt64 = 0

  package init(limits: Limits = Limits()) { self.limits = limits }

  package var count: Int { essential.count + bulk.count }
  package var isEmpty: Bool { essential.isEmpty && bulk.isEmpty }
  package var isHalfFull: Bool { count >= limits.messages / 2 || bytes >= limits.bytes / 2 }
  /// The number of the oldest message.
  package var firstSequence: UInt64? {
    switch (essential.first?.sequence, bulk.first?.sequence) {
    case (let left?, let right?): min(left, right)
    case (let left, let right): left ?? right
    }
  }

  /// Takes a message.
  package mutating func put(_ message: BusMessage) -> Outcome {
    lastSequence += 1
    let entry = Entry(message: message, sequence: lastSequence)
    let isBulk = message.topic.precedence == .bulk
    if isBulk { bulk.append(entry) } else { essential.append(entry) }
    bytes += message.cost
    var outcome = Outcome(isAccepted: true)
    if count > limits.messages || bytes > limits.bytes {
      outcome.dropped = dropWhatIsTooMuch()
      outcome.isAccepted = !outcome.dropped.contains(entry.sequence)
    }
    switch sleep {
    case .awake: break
    case .untilAny: outcome.wakes = true
    case .untilHalfFull: outcome.wakes = isHalfFull
    }
    if outcome.wakes { sleep = .awake }
    return outcome
  }

  /// The thread is about to sleep.
  /// - Returns: `false` when it should not: what it waits for is there.
  package mutating func fallAsleep(_ sleep: Sleep) -> Bool {
    let isThere =
      switch sleep {
      case .awake: true
      case .untilAny: !isEmpty
      case .untilHalfFull: isHalfFull
      }
    self.sleep = isThere ? .awake : sleep
    return !isThere
  }

  package mutating func wakeUp() { sleep = .awake }

  /// Takes the oldest messages out, in order: at most so many, and no more than the first that reaches `maxBytes`.
  package mutating func take(maxMessages: Int, maxBytes: Int) -> [Entry] {
    var taken: [Entry] = []
    var takenBytes = 0
    taken.reserveCapacity(min(maxMessages, count))
    while taken.count < maxMessages, takenBytes < maxBytes, let entry = popOldest() {
      takenBytes += entry.message.cost
      taken.append(entry)
    }
    bytes -= takenBytes
    return taken
  }

  /// Puts messages back at the front; they are older than all others.
  /// - Returns: numbers of messages that were dropped.
  package mutating func putBack(_ entries: [Entry]) -> [UInt64] {
    for entry in entries.reversed() {
      if entry.message.topic.precedence == .bulk { bulk.prepend(entry) } else { essential.prepend(entry) }
      bytes += entry.message.cost
    }
    return dropWhatIsTooMuch()
  }

  private mutating func popOldest() -> Entry? {
    guard let first = essential.first else { return bulk.popFirst() }
    guard let other = bulk.first, other.sequence < first.sequence else { return essential.popFirst() }
    return bulk.popFirst()
  }

  private mutating func dropWhatIsTooMuch() -> [UInt64] {
    var dropped: [UInt64] = []
    while count > 1, count > limits.messages || bytes > limits.bytes,
      let entry = bulk.popFirst() ?? essential.popFirst()
    {
      bytes -= entry.message.cost
      dropped.append(entry.sequence)
    }
    return dropped
  }
}
