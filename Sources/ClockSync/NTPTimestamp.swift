public import MediaModel

/// A time as NTP carries it (RFC 5905 §6): seconds since 1900 within an era of 2³² seconds, and 2⁻³² parts of one.
public struct NTPTimestamp: Hashable, Sendable {
  /// Seconds in the upper, parts of a second in the lower half. Zero means that the time is unknown.
  public var rawValue: UInt64

  /// Seconds from 1900, where eras begin, to 1970.
  private static let secondsTo1970: Int64 = 2_208_988_800

  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// The timestamp of a wall time; the era is lost.
  public init(_ wall: WallTime) {
    let nanosPerSecond: Int64 = 1_000_000_000
    let (seconds, nanos) = wall.nanosSince1970.flooredDivision(by: nanosPerSecond)
    let inEra = UInt32(truncatingIfNeeded: seconds &+ Self.secondsTo1970)
    // Rounded up, so that converting back by truncation gives the same nanosecond.
    let fraction = min(((UInt64(nanos) << 32) + 999_999_999) / 1_000_000_000, UInt64(UInt32.max))
    rawValue = UInt64(inEra) << 32 | fraction
  }

  /// Whether the sender did not know the time.
  public var isUnknown: Bool { rawValue == 0 }

  /// The wall time within 68 years of `pivot` that has this timestamp, whatever its era (RFC 5905 §6; eras end in
  /// 2036, 2172, …).
  public func wallTime(near pivot: WallTime) -> WallTime {
    let seconds = Int64(rawValue >> 32) - Self.secondsTo1970
    let pivotSeconds = pivot.nanosSince1970.flooredDivision(by: 1_000_000_000).quotient
    let distance = Int64(Int32(truncatingIfNeeded: seconds &- pivotSeconds))
    let nanos = Int64(((rawValue & 0xffff_ffff) * 1_000_000_000) >> 32)
    return WallTime(nanosSince1970: (pivotSeconds &+ distance) &* 1_000_000_000 &+ nanos)
  }
}

extension Int64 {
  /// Quotient rounded down, and the remainder, which is never negative.
  fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
