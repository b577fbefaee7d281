public import MediaModel

/// Maps capture times on a publisher's clock, whatever its epoch, to the server's wall clock.
///
/// The packet that travelled fastest tells the offset between the clocks best: the offset is the smallest
/// `receive − sender` of the last minute. So a frame age is the delay beyond that of the fastest packet. The offset in
/// use moves towards the smallest one by a part of the time that the sender's clock advances, never by a jump, so that
/// later captures get later times.
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

    public init() {}
  }

  /// How often the sender's clock jumped.
  public private(set) var discontinuities = 0

  private let parameters: Parameters
  private var window: [Bucket] = []
  private var anchor: Anchor?

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
  }

  public init(parameters: Parameters = Parameters()) { self.parameters = parameters }

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
    let difference = receivedAt.nanos &- sender
    if let current = anchor, !isDiscontinuous(sender, receivedAt, current) {
      update(current, sender: sender, difference: difference, receivedAt: receivedAt)
    } else {
      if anchor != nil { discontinuities += 1 }
      restart(sender: sender, difference: difference, receivedAt: receivedAt)
    }
    guard let anchor else { return wallNow }
    let age = difference &- anchor.offset
    return WallTime(nanosSince1970: wallNow.nanosSince1970 &- age)
  }

  private func isDiscontinuous(_ sender: Int64, _ receivedAt: HostTime, _ anchor: Anchor) -> Bool {
    let advance = sender &- anchor.latest
    if advance < -parameters.backwardJump.value { return true }
    let (beyond, overflow) = advance.subtractingReportingOverflow(receivedAt.since(anchor.latestHost).value)
    return overflow || beyond > parameters.forwardJump.value
  }

  private mutating func restart(sender: Int64, difference: Int64, receivedAt: HostTime) {
    anchor = Anchor(offset: difference, latest: sender, latestHost: receivedAt)
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
    // A tenth keeps the order of pictures up to nine places out of order; gross errors exist only in the first seconds.
    let limit = error.magnitude > parameters.grossError.value.magnitude ? advance / 10 &* 9 : advance / 10
    anchor = Anchor(
      offset: current.offset &+ max(-limit, min(limit, error)), latest: sender, latestHost: receivedAt)
  }
}
