public import MediaModel

/// A 64-bit NTP timestamp: seconds since 1900 in 32.32 fixed point (RFC 3550 §4).
public struct NTPTimestamp: Hashable, Sendable {
  private static let secondsFrom1900To1970: Int64 = 2_208_988_800

  public var seconds: UInt32
  /// In units of 2⁻³² s.
  public var fraction: UInt32

  public init(seconds: UInt32, fraction: UInt32) {
    self.seconds = seconds
    self.fraction = fraction
  }

  /// The timestamp of `wall`, rounded down to 2⁻³² s.
  public init(_ wall: WallTime) {
    var (whole, nanos) = wall.nanosSince1970.quotientAndRemainder(dividingBy: 1_000_000_000)
    if nanos < 0 {
      whole -= 1
      nanos += 1_000_000_000
    }
    seconds = UInt32(truncatingIfNeeded: whole + Self.secondsFrom1900To1970)
    fraction = UInt32(truncatingIfNeeded: (nanos << 32) / 1_000_000_000)
  }

  /// The wall-clock time. Seconds without the top bit are after February 2036 (RFC 4330 §3).
  public var wallTime: WallTime {
    let era: Int64 = seconds & 0x8000_0000 == 0 ? 1 << 32 : 0
    let whole = Int64(seconds) + era - Self.secondsFrom1900To1970
    let nanos = (Int64(fraction) * 1_000_000_000 + (1 << 31)) >> 32
    return WallTime(nanosSince1970: whole * 1_000_000_000 + nanos)
  }

  /// The middle 32 bits, which receiver reports echo.
  public var middle: UInt32 { seconds << 16 | fraction >> 16 }
}
