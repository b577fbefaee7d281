#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif
public import MediaModel

/// Where services read time. Codecs and algorithms never do: they take time as an argument.
public struct SystemClocks: Sendable {
  /// The monotonic time of this host.
  public var host: @Sendable () -> HostTime
  /// The server's wall clock: the clock of the system, corrected to network time where that is known. Never steps back.
  public var wall: @Sendable () -> WallTime
  /// What the correction is now: `wall` minus the clock of the system.
  public var networkTimeOffset: @Sendable () -> Nanoseconds

  /// Clocks that answer from the given closures, for tests with virtual time.
  public init(
    host: @escaping @Sendable () -> HostTime, wall: @escaping @Sendable () -> WallTime,
    networkTimeOffset: @escaping @Sendable () -> Nanoseconds = { .zero }
  ) {
    self.host = host
    self.wall = wall
    self.networkTimeOffset = networkTimeOffset
  }

  /// `CLOCK_MONOTONIC` and `CLOCK_REALTIME`.
  public static let system = SystemClocks(
    host: { HostTime(nanos: read(CLOCK_MONOTONIC)) },
    wall: { WallTime(nanosSince1970: read(CLOCK_REALTIME)) })

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
