/// A reading of the server's monotonic clock (`CLOCK_MONOTONIC`), for ages and deadlines.
public struct HostTime: Hashable, Comparable, Sendable {
  /// Nanoseconds since an arbitrary start.
  public var nanos: Int64

  /// - Parameter nanos: nanoseconds since an arbitrary start.
  public init(nanos: Int64) { self.nanos = nanos }

  public static func < (left: HostTime, right: HostTime) -> Bool { left.nanos < right.nanos }

  /// This time moved by `duration`.
  public func advanced(by duration: Nanoseconds) -> HostTime { HostTime(nanos: nanos &+ duration.value) }

  /// The time that passed since `earlier`; negative when `earlier` is later.
  public func since(_ earlier: HostTime) -> Nanoseconds { Nanoseconds(nanos &- earlier.nanos) }
}

/// A point on the server's wall clock, UTC.
public struct WallTime: Hashable, Comparable, Sendable {
  /// Nanoseconds since 1970-01-01T00:00:00Z.
  public var nanosSince1970: Int64

  /// - Parameter nanosSince1970: nanoseconds since 1970-01-01T00:00:00Z.
  public init(nanosSince1970: Int64) { self.nanosSince1970 = nanosSince1970 }

  /// Seconds since 1970, the form in which JSON bodies carry time.
  public var secondsSince1970: Double { Double(nanosSince1970) / 1e9 }

  public static func < (left: WallTime, right: WallTime) -> Bool { left.nanosSince1970 < right.nanosSince1970 }

  /// This time moved by `duration`.
  public func advanced(by duration: Nanoseconds) -> WallTime {
    WallTime(nanosSince1970: nanosSince1970 &+ duration.value)
  }

  /// The time that passed since `earlier`; negative when `earlier` is later.
  public func since(_ earlier: WallTime) -> Nanoseconds { Nanoseconds(nanosSince1970 &- earlier.nanosSince1970) }
}

/// A length of time, in nanoseconds. Unlike `Duration` it is one machine word, so it can sit in hot structures.
public struct Nanoseconds: Hashable, Comparable, Sendable {
  public var value: Int64

  /// - Parameter value: nanoseconds, may be negative.
  public init(_ value: Int64) { self.value = value }

  public static func milliseconds(_ milliseconds: Int64) -> Nanoseconds { Nanoseconds(milliseconds &* 1_000_000) }
  public static func seconds(_ seconds: Double) -> Nanoseconds { Nanoseconds(Int64(seconds * 1e9)) }
  public static let zero = Nanoseconds(0)

  /// This length in seconds.
  public var seconds: Double { Double(value) / 1e9 }
  /// This length in milliseconds.
  public var milliseconds: Double { Double(value) / 1e6 }

  public static func < (left: Nanoseconds, right: Nanoseconds) -> Bool { left.value < right.value }
}
