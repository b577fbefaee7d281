public import MediaModel

/// A point in media time: 90 kHz ticks since an arbitrary start, unwrapped.
public struct RTPTicks: Hashable, Comparable, Sendable {
  /// Ticks per second of H.264 over RTP (RFC 6184 §8.2.1).
  public static let perSecond: Int64 = 90_000

  /// Ticks since the start.
  public var value: Int64

  /// - Parameter value: ticks since an arbitrary start.
  public init(_ value: Int64) { self.value = value }

  /// The ticks between 1970 and `wall`, rounded down.
  public init(_ wall: WallTime) {
    // 9/100,000 ticks per nanosecond, in two parts because the product of the whole would overflow.
    let (coarse, fine) = wall.nanosSince1970.quotientAndRemainder(dividingBy: 100_000)
    value = coarse &* 9 &+ (fine &* 9) / 100_000
  }

  /// These ticks as a length of time.
  public var duration: Nanoseconds {
    let (coarse, fine) = value.quotientAndRemainder(dividingBy: 9)
    return Nanoseconds(coarse &* 100_000 &+ (fine &* 100_000) / 9)
  }

  /// The low 32 bits, as they stand in an RTP header.
  public var wrapped: UInt32 { UInt32(truncatingIfNeeded: value) }

  public static func < (left: RTPTicks, right: RTPTicks) -> Bool { left.value < right.value }
}

/// Turns the 32-bit timestamps of a sender into ``RTPTicks``.
///
/// The first timestamp maps to itself; each further one to the nearest point to the one before, so that neither
/// wrapping after 13 h nor the steps back of B-frames disturb the count.
public struct RTPTimestampUnwrapper: Hashable, Sendable {
  private var last: Int64?

  /// Starts without a reference.
  public init() {}

  /// The unwrapped form of `timestamp`, which becomes the new reference.
  public mutating func unwrap(_ timestamp: UInt32) -> RTPTicks {
    let ticks = nearest(to: timestamp)
    last = ticks.value
    return ticks
  }

  /// The unwrapped form of `timestamp`; the reference stays.
  public func nearest(to timestamp: UInt32) -> RTPTicks {
    guard let last else { return RTPTicks(Int64(timestamp)) }
    let step = Int32(bitPattern: timestamp &- UInt32(truncatingIfNeeded: last))
    return RTPTicks(last &+ Int64(step))
  }
}
