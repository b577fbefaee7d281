internal import BusMessages
import DequeModule
internal import NIOCore

/// The messages of one precedence: files, oldest first, read from the front and written at the back.
struct SpoolLane {
  /// Bytes read from a file at once.
  private static let readBytes = 256 << 10

  /// Where a record stands that was read and may be needed again.
  struct Reference {
    var sequence: UInt64
    var segment: SpoolSegment
    var offset: Int
    var bytes: Int
  }

  let precedence: Topic.Precedence
  var segments: Deque<SpoolSegment> = []
  /// Handed out and not removed yet, oldest first.
  private(set) var handedOut: Deque<Reference> = []
  /// Read from the disk and not handed out yet.
  private var ahead: Deque<(reference: Reference, entry: SpoolEntry)> = []
  /// What was not removed yet.
  private(set) var messages = 0
  private(set) var bytes = 0

  init(_ precedence: Topic.Precedence) { self.precedence = precedence }

  /// The name of its files begins so.
  var filePrefix: String {
    switch precedence {
    case .bulk: "bulk-"
    case .essential: "essential-"
    }
  }

  /// On the disk, what was removed from files that are still needed included.
  var diskBytes: Int { segments.reduce(0) { $0 + $1.size } }

  /// Adds a file of an earlier run. In order of their numbers.
  mutating func adopt(_ segment: SpoolSegment) {
    segments.append(segment)
    messages += segment.unread.messages
    bytes += segment.unread.bytes
  }

  /// Notes that records were appended to the last file.
  mutating func appended(messages: Int, bytes: Int) {
    self.messages += messages
    self.bytes += bytes
  }

  // MARK: Reading

  /// The number of the next message to hand out.
  /// - Parameter faults: told of files that cannot be read any more; their messages are lost.
  mutating func nextSequence(faults: inout [SpoolFault]) -> UInt64? {
    if ahead.isEmpty { fill(&faults) }
    return ahead.first?.reference.sequence
  }

  /// Hands out the next message.
  mutating func takeNext() -> (Reference, SpoolEntry)? {
    guard let next = ahead.popFirst() else { return nil }
    handedOut.append(next.reference)
    return next
  }

  /// Where in `handedOut` the first message after a position stands.
  func firstHandedOut(after position: SpoolPosition?) -> Int {
    guard let position else { return 0 }
    var (low, high) = (0, handedOut.count)
    while low < high {
      let middle = (low + high) / 2
      if handedOut[middle].sequence <= position.sequence { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Reads a message again.
  func read(_ reference: Reference) throws(SpoolError) -> SpoolEntry? {
    let buffer = try reference.segment.file.read(at: reference.offset, count: reference.bytes)
    guard case .record(let record, _) = SpoolRecord.read(buffer, at: 0, isEnd: true) else { return nil }
    return record.entry
  }

  private mutating func fill(_ faults: inout [SpoolFault]) {
    while ahead.isEmpty, let segment = segments.first(where: { $0.readOffset < $0.size }) {
      do throws(SpoolError) {
        try read(segment)
        // What opening or writing counted and reading does not find has been damaged in between.
        guard segment.readOffset >= segment.size, segment.unread.messages > 0 else { continue }
        faults.append(.damaged(path: segment.path, messages: giveUpUnread(of: segment), cutBytes: 0))
      } catch {
        faults.append(.unreadable(error, messages: giveUpUnread(of: segment)))
      }
    }
  }

  /// Reads a piece of a file, or its rest where a piece does not show where records end.
  private mutating func read(_ segment: SpoolSegment) throws(SpoolError) {
    var wanted = Self.readBytes
    while segment.readOffset < segment.size {
      let rest = segment.size - segment.readOffset
      let buffer = try segment.file.read(at: segment.readOffset, count: min(wanted, rest))
      let isEnd = wanted >= rest || buffer.readableBytes < min(wanted, rest)
      var offset = 0
      while offset < buffer.readableBytes {
        switch SpoolRecord.read(buffer, at: offset, isEnd: isEnd) {
        case .record(let record, let bytes):
          let reference = Reference(
            sequence: record.sequence, segment: segment, offset: segment.readOffset, bytes: bytes)
          ahead.append((reference, record.entry))
          segment.unread.messages -= 1
          segment.unread.bytes -= bytes
          segment.readOffset += bytes
          offset += bytes
        case .unreadable(let bytes):
          segment.readOffset += bytes
          offset += bytes
        case .incomplete(let needed):
          if !ahead.isEmpty { return }
          wanted = max(needed, Self.readBytes)
          offset = buffer.readableBytes
        case .broken:
          segment.readOffset = segment.size
          return
        }
      }
      if !ahead.isEmpty || isEnd { return }
    }
  }

  // MARK: Removing

  /// Forgets messages up to a position.
  /// - Returns: files that are not needed any more.
  mutating func remove(through position: SpoolPosition) -> [SpoolSegment] {
    while let first = handedOut.first, first.sequence <= position.sequence {
      handedOut.removeFirst()
      first.segment.pending -= 1
      messages -= 1
      bytes -= first.bytes
    }
    return takeEmptySegments()
  }

  /// Forgets one message that turned out to be unreadable.
  mutating func forget(handedOutAt index: Int) {
    let reference = handedOut.remove(at: index)
    reference.segment.pending -= 1
    messages -= 1
    bytes -= reference.bytes
  }

  /// Files at the front that hold nothing that is waited for.
  mutating func takeEmptySegments() -> [SpoolSegment] {
    var empty: [SpoolSegment] = []
    while let first = segments.first, first.pending == 0, first.size > SpoolSegment.headerBytes {
      empty.append(segments.removeFirst())
    }
    return empty
  }

  /// Gives up the oldest file with all that it holds.
  /// - Returns: the file and the number of messages lost.
  mutating func dropOldest() -> (SpoolSegment, messages: Int)? {
    guard let segment = segments.popFirst() else { return nil }
    while let first = handedOut.first, first.segment === segment {
      bytes -= first.bytes
      handedOut.removeFirst()
    }
    while let first = ahead.first, first.reference.segment === segment {
      bytes -= first.reference.bytes
      ahead.removeFirst()
    }
    bytes -= segment.unread.bytes
    messages -= segment.pending
    return (segment, segment.pending)
  }

  private mutating func giveUpUnread(of segment: SpoolSegment) -> Int {
    let lost = segment.unread
    segment.unread = (0, 0)
    segment.readOffset = segment.size
    segment.pending -= lost.messages
    messages -= lost.messages
    bytes -= lost.bytes
    return lost.messages
  }
}

/// Something went wrong that nobody can be told of by an error.
enum SpoolFault: Hashable, Sendable {
  /// Messages gave way to others.
  case gaveWay(Topic.Precedence, messages: Int)
  /// A file was damaged: whole messages, or bytes at its end that a killed process left.
  case damaged(path: String, messages: Int, cutBytes: Int)
  /// A file cannot be read any more.
  case unreadable(SpoolError, messages: Int)
  /// Messages were refused.
  case refused(Topic.Precedence, SpoolError, messages: Int)
  /// Something could not be done that matters for the next start only.
  case upkeep(SpoolError)
}
