public import MediaModel

/// Maps capture times on a publisher's clock, whatever its epoch, to the server's wall clock.
///
/// The packet that travelled fastest tells the offset between the clocks best: the offset is the smallest
/// `receive − sender` of the last minute. So a frame age is the delay beyond that of the fastest packet. The offset in
/// use moves towards the smallest one by a part of the time that the sender's clock advances, never by a jump, so that
/// later captures get later times. In the first second, when the first packets have waited for the connection, the part
/// is large.
///
/// Pictures that come out of order get the time that their place in the sender's time had, so their order is kept
/// however the offset moves.
///
/// Sender times that jump (forward by more than 10 s against the server's clock, or backwards by more than pictures can
/// be reordered) begin a new offset, and are counted.
public struct CaptureClock: Sendable {
  /// Tuning; the defaults suit phones over Wi-Fi and mobile networks.
  public struct Parameters: Hashable, Sendable {
    /// A forward jump of the sender against the server beyond this begins a new offset.
    public var forwardJump = Nanoseconds.seconds(10)
    /// A step back beyond this begins a new offset; pictures out of order stay below it.
    public var backwardJump = Nanoseconds.seconds(1)
    /// An excess above the offset in use that never fell below this for a whole bucket begins a new offset: the
    /// sender's clock stood still.
    public var lasting = Nanoseconds.seconds(10)
    /// The window consists of this many buckets.
    public var buckets = 12
    public var bucket = Nanoseconds.seconds(5)
    /// Errors above this are corrected at nine tenths of the sender's advance, smaller ones at a tenth.
    public var grossError = Nanoseconds.milliseconds(250)
    /// For so long after a new offset began, all errors are corrected at nine tenths.
    public var settling = Nanoseconds.seconds(1)

    public init() {}
  }

  /// How the sender's clock stands to the server's.
  public struct Offset: Hashable, Sendable {
    /// The server's wall clock minus the sender's, by the packet of the last minute that travelled fastest. Too large by
    /// the time that this packet took.
    public var value: Nanoseconds
    /// How much the fastest packets of each five seconds differ over the last minute: drift, and what the network adds
    /// at its best.
    public var spread: Nanoseconds

    public init(value: Nanoseconds, spread: Nanoseconds) {
      self.value = value
      self.spread = spread
    }
  }

  /// How far in the past times of a recording may lie that is sent once more.
  private static let replayAge = Nanoseconds.seconds(86_400)
  /// How far in the future, as clocks differ.
  private static let replayLead = Nanoseconds.seconds(1)

  /// What is added to every time of a sender, once and for all.
  private enum FixedOffset {
    case none
    case ofFirst
    case known(Int64)
  }

  /// How often the sender's clock jumped.
  public private(set) var discontinuities = 0

  private let parameters: Parameters
  private var fixed = FixedOffset.none
  private var window: [Bucket] = []
  private var anchor: Anchor?
  /// Where the offset in use changed, by sender time, oldest first; for pictures that come out of order.
  private var turns: [Turn] = []
  /// Wall time minus host time at the last call.
  private var wallMinusHost: Int64 = 0

  /// More than the pictures that can wait for one that comes out of order (ISO/IEC 14496-10, at most 16 frames).
  private static let turnLimit = 17

  private struct Turn {
    var sender: Int64
    var offset: Int64
  }

  private struct Bucket {
    var index: Int64
    var smallest: Int64
  }

  private struct Anchor {
    /// Nanoseconds to add to a sender time for host time. Sums wrap: sender epochs are arbitrary.
    var offset: Int64
    /// The latest sender time, nanoseconds, and when it came.
    var latest: Int64
    var latestHost: HostTime
    var startedAt: HostTime
  }

  public init(parameters: Parameters = Parameters()) { self.parameters = parameters }

  /// A clock for a sender of a recording, whose times stand as they are where they are wall times of the last day; others
  /// are all moved by as much as makes the first one now. Either way their distances stay what they are.
  public static func ofReplay() -> CaptureClock {
    var clock = CaptureClock()
    clock.fixed = .ofFirst
    return clock
  }

  /// The time of a sender whose times stand; `nil` of others.
  private mutating func fixedTime(_ sender: Int64, _ wallNow: WallTime) -> WallTime? {
    switch fixed {
    case .none: return nil
    case .known(let offset): return WallTime(nanosSince1970: sender &+ offset)
    case .ofFirst:
      // Sender times are anything; sums of them wrap.
      let age = wallNow.nanosSince1970 &- sender
      let isWallTime = (-Self.replayLead.value...Self.replayAge.value).contains(age)
      fixed = .known(isWallTime ? 0 : age)
      return isWallTime ? WallTime(nanosSince1970: sender) : wallNow
    }
  }

  /// The offset between the clocks; `nil` before the first picture.
  public var offset: Offset? {
    guard let smallest = window.map(\.smallest).min(), let largest = window.map(\.smallest).max() else { return nil }
    return Offset(value: Nanoseconds(smallest &+ wallMinusHost), spread: Nanoseconds(largest &- smallest))
  }

  /// The capture time of a picture on the server's wall clock.
  ///
  /// - Parameters:
  ///   - senderMicros: capture time on the publisher's clock.
  ///   - receivedAt: when the picture arrived, on the monotonic clock; later than or equal to that of the call before.
  ///   - wallNow: the wall clock at `receivedAt`.
  public mutating func capturedAt(senderMicros: Int64, receivedAt: HostTime, wallNow: WallTime) -> WallTime {
    capturedAt(senderNanos: senderMicros &* 1_000, receivedAt: receivedAt, wallNow: wallNow)
  }

  /// The time of a picture or sample on the server's wall clock, for publishers that count nanoseconds.
  public mutating func capturedAt(senderNanos sender: Int64, receivedAt: HostTime, wallNow: WallTime) -> WallTime {
    if let time = fixedTime(sender, wallNow) { return time }
    let difference = receivedAt.nanos &- sender
    if let current = anchor, !isDiscontinuous(sender, receivedAt, current) {
      update(current, sender: sender, difference: difference, receivedAt: receivedAt)
    } else {
      if anchor != nil { discontinuities += 1 }
      restart(sender: sender, difference: difference, receivedAt: receivedAt)
    }
    guard let anchor else { return wallNow }
    wallMinusHost = wallNow.nanosSince1970 &- receivedAt.nanos
    let age = difference &- (sender < anchor.latest ? offset(at: sender) : anchor.offset)
    return WallTime(nanosSince1970: wallNow.nanosSince1970 &- age)
  }

  /// The offset that a picture of that sender time would have had in order: on the line between the turns around it, so
  /// that times rise as sender times do.
  private func offset(at sender: Int64) -> Int64 {
    guard let next = turns.firstIndex(where: { sender <= $0.sender }) else { return anchor?.offset ?? 0 }
    guard next > 0 else { return turns[0].offset }
    let (before, after) = (turns[next - 1], turns[next])
    let part = Double(sender &- before.sender) / Double(after.sender &- before.sender)
    // Sender times are anything; sums of them wrap.
    let turn = Double(after.offset &- before.offset) * max(0, min(1, part))
    return before.offset &+ Int64(max(-1e18, min(1e18, turn)))
  }

  private func isDiscontinuous(_ sender: Int64, _ receivedAt: HostTime, _ anchor: Anchor) -> Bool {
    let advance = sender &- anchor.latest
    if advance < -parameters.backwardJump.value { return true }
    let (beyond, overflow) = advance.subtractingReportingOverflow(receivedAt.since(anchor.latestHost).value)
    return overflow || beyond > parameters.forwardJump.value
  }

  private mutating func restart(sender: Int64, difference: Int64, receivedAt: HostTime) {
    anchor = Anchor(offset: difference, latest: sender, latestHost: receivedAt, startedAt: receivedAt)
    turns = [Turn(sender: sender, offset: difference)]
    window = [Bucket(index: receivedAt.nanos / parameters.bucket.value, smallest: difference)]
  }

  private mutating func update(_ current: Anchor, sender: Int64, difference: Int64, receivedAt: HostTime) {
    let index = receivedAt.nanos / parameters.bucket.value
    if let last = window.last, last.index == index {
      window[window.count - 1].smallest = min(last.smallest, difference)
    } else {
      if let last = window.last, last.smallest &- current.offset > parameters.lasting.value {
        discontinuities += 1
        restart(sender: sender, difference: difference, receivedAt: receivedAt)
        return
      }
      window.append(Bucket(index: index, smallest: difference))
      window.removeAll { $0.index <= index - Int64(parameters.buckets) }
    }
    guard sender > current.latest else { return }
    let target = window.reduce(difference) { min($0, $1.smallest) }
    let error = target &- current.offset
    let advance = sender &- current.latest
    let isSettling = receivedAt.since(current.startedAt) < parameters.settling
    let isGross = error.magnitude > parameters.grossError.value.magnitude
    let limit = isSettling || isGross ? advance / 10 &* 9 : advance / 10
    let offset = current.offset &+ max(-limit, min(limit, error))
    anchor = Anchor(offset: offset, latest: sender, latestHost: receivedAt, startedAt: current.startedAt)
    turns.append(Turn(sender: sender, offset: offset))
    if turns.count > Self.turnLimit { turns.removeFirst() }
  }
}
