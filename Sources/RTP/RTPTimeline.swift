public import MediaModel

/// Gives the access units of one RTP sender their timestamps: capture time on the server's wall clock, in 90 kHz
/// ticks, plus a random offset (RFC 3550 §5.1). A sender report built from it tells receivers the capture time.
///
/// Where capture times jump (another publisher, a clock that was set), the timeline is laid anew so that timestamps
/// go on smoothly, and the mapping in the next sender report changes instead.
public struct RTPTimeline: Sendable {
  /// Steps back of more than this are a jump. B-frames step back by some frames only.
  private static let backwardTolerance = 1 * RTPTicks.perSecond
  /// Steps ahead of more than this are a jump. Publishers that come back within their grace period are not.
  private static let forwardTolerance = 60 * RTPTicks.perSecond
  /// What follows the last unit before a jump: 1/30 s.
  private static let nominalStep: Int64 = 3_000

  private var offset: Int64
  private var newest: Int64?

  /// - Parameter offset: where in the 32-bit range the timeline starts; random, so that encryption has no known text.
  public init(offset: UInt32) { self.offset = Int64(offset) }

  /// A unit's timestamp, and whether the mapping to wall-clock time changed with it.
  public mutating func timestamp(for capturedAt: WallTime) -> (timestamp: UInt32, isMoved: Bool) {
    let ticks = RTPTicks(capturedAt).value
    var position = ticks &+ offset
    var isMoved = false
    if let newest {
      let step = position &- newest
      if step < -Self.backwardTolerance || step > Self.forwardTolerance {
        position = newest &+ Self.nominalStep
        offset = position &- ticks
        isMoved = true
      }
      self.newest = max(newest, position)
    } else {
      newest = position
    }
    return (RTPTicks(position).wrapped, isMoved)
  }

  /// The RTP time that corresponds to `wall`, for a sender report.
  public func timestamp(at wall: WallTime) -> UInt32 { RTPTicks(RTPTicks(wall).value &+ offset).wrapped }
}
