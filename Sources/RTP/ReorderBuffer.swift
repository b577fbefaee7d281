public import MediaModel
public import NIOCore

/// Puts RTP packets back into sequence, waits a bounded time for missing ones, and marks where some were lost.
///
/// With a capacity of 1 (interleaved transport, which cannot reorder) every gap is a loss at once.
public struct ReorderBuffer: Sendable {
  /// A packet in order.
  public struct Released: Hashable, Sendable {
    public var header: RTPHeader
    public var payload: ByteBuffer
    /// Whether packets between the one before and this are missing for good.
    public var followsLoss: Bool

    public init(header: RTPHeader, payload: ByteBuffer, followsLoss: Bool) {
      self.header = header
      self.payload = payload
      self.followsLoss = followsLoss
    }
  }

  /// Packets seen, by fate.
  public struct Counters: Hashable, Sendable {
    /// Missing when their turn was over.
    public var lost = 0
    /// Came twice, or after they had been given up.
    public var lateOrDuplicate = 0
    /// Sequence numbers started anew.
    public var restarts = 0

    /// Nothing seen yet.
    public init() {}
  }

  /// RFC 3550 §A.1: a packet this far behind the expected one is a restart of the sender if its successor follows.
  private static let restartDistance = 100

  public private(set) var counters = Counters()
  let patience: Nanoseconds
  private var slots: [(header: RTPHeader, payload: ByteBuffer)?]
  private var held = 0
  private var expected: UInt16 = 0
  private var isStarted = false
  private var isLossPending = false
  private var restartCandidate: UInt16?
  private var waitingSince: HostTime?

  /// - Parameters:
  ///   - capacity: packets that may be held, 1…16,384; rounded up to a power of two.
  ///   - patience: how long a missing packet is waited for.
  public init(capacity: Int, patience: Nanoseconds) {
    self.init(capacity: capacity, patience: patience, counters: .init())
  }

  /// Starts anew and counts on.
  init(capacity: Int, patience: Nanoseconds, counters: Counters) {
    // A power of two divides the 65,536 sequence numbers, so that slots stay apart where numbers wrap.
    var count = 1
    while count < min(capacity, 16_384) { count *= 2 }
    slots = Array(repeating: nil, count: count)
    self.patience = patience
    self.counters = counters
  }

  /// Packets that may be held.
  var capacity: Int { slots.count }

  /// When ``deadlineReached(at:into:)`` has something to do; `nil` while nothing is missing.
  public var nextDeadline: HostTime? { waitingSince?.advanced(by: patience) }

  /// Takes a packet; appends to `released` what is in order now.
  public mutating func insert(
    _ header: RTPHeader, _ payload: ByteBuffer, at now: HostTime, into released: inout [Released]
  ) {
    if !isStarted {
      isStarted = true
      expected = header.sequence
    }
    var distance = Int(Int16(bitPattern: header.sequence &- expected))
    if distance < -Self.restartDistance {
      guard restartCandidate == header.sequence else {
        restartCandidate = header.sequence &+ 1
        counters.lateOrDuplicate += 1
        return
      }
      flush(into: &released)
      counters.restarts += 1
      isLossPending = true
      expected = header.sequence
      distance = 0
    }
    restartCandidate = nil
    guard distance >= 0 else {
      counters.lateOrDuplicate += 1
      return
    }
    if distance >= slots.count {
      skip(to: header.sequence &- UInt16(slots.count - 1), into: &released)
    }
    let index = Int(header.sequence) % slots.count
    guard slots[index] == nil else {
      counters.lateOrDuplicate += 1
      return
    }
    slots[index] = (header, payload)
    held += 1
    drain(into: &released)
    waitingSince = held == 0 ? nil : waitingSince ?? now
  }

  /// Gives up the packets that were waited for long enough.
  public mutating func deadlineReached(at now: HostTime, into released: inout [Released]) {
    guard let deadline = nextDeadline, deadline <= now, held > 0 else { return }
    while held > 0, slots[Int(expected) % slots.count] == nil { passOver() }
    drain(into: &released)
    waitingSince = held == 0 ? nil : now
  }

  /// Releases everything that is held, in order.
  public mutating func flush(into released: inout [Released]) {
    while held > 0 {
      if slots[Int(expected) % slots.count] == nil { passOver() } else { drain(into: &released) }
    }
    waitingSince = nil
  }

  /// Moves on until `sequence` is expected; what is on the way is released, what is missing is lost.
  private mutating func skip(to sequence: UInt16, into released: inout [Released]) {
    flushBefore(sequence, into: &released)
    let gap = Int(sequence &- expected)
    if gap > 0 {
      counters.lost += gap
      isLossPending = true
      expected = sequence
    }
    waitingSince = nil
  }

  private mutating func flushBefore(_ sequence: UInt16, into released: inout [Released]) {
    while held > 0, expected != sequence {
      if !release(into: &released) { passOver() }
    }
  }

  private mutating func drain(into released: inout [Released]) {
    var isMoved = false
    while held > 0, release(into: &released) { isMoved = true }
    if isMoved { waitingSince = nil }
  }

  private mutating func release(into released: inout [Released]) -> Bool {
    let index = Int(expected) % slots.count
    guard let packet = slots[index] else { return false }
    slots[index] = nil
    held -= 1
    expected &+= 1
    released.append(Released(header: packet.header, payload: packet.payload, followsLoss: isLossPending))
    isLossPending = false
    return true
  }

  private mutating func passOver() {
    expected &+= 1
    counters.lost += 1
    isLossPending = true
  }
}
