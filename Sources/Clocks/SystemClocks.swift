#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif
public import MediaModel

/// What all clocks showed at one moment.
public struct ClockReading: Hashable, Sendable {
  public var host: HostTime
  public var wall: WallTime
  /// The correction in force: `wall` minus the clock of the system.
  public var networkTimeOffset: Nanoseconds

  public init(host: HostTime, wall: WallTime, networkTimeOffset: Nanoseconds = .zero) {
    self.host = host
    self.wall = wall
    self.networkTimeOffset = networkTimeOffset
  }

  /// The wall time at a host time shortly before or after this moment.
  public func wall(at time: HostTime) -> WallTime { wall.advanced(by: time.since(host)) }
}

/// Where services read time. Codecs and algorithms never do: they take time as an argument.
public struct SystemClocks: Sendable {
  /// The monotonic time of this host.
  public var host: @Sendable () -> HostTime
  /// The server's wall clock: the clock of the system, corrected to network time where that is known. Never steps back.
  public var wall: @Sendable () -> WallTime
  /// What the correction is now: `wall` minus the clock of the system.
  public var networkTimeOffset: @Sendable () -> Nanoseconds
  /// All of them at one moment, for less than reading them one by one.
  public var reading: @Sendable () -> ClockReading

  /// Clocks that answer from the given closures, for tests with virtual time.
  public init(
    host: @escaping @Sendable () -> HostTime, wall: @escaping @Sendable () -> WallTime,
    networkTimeOffset: @escaping @Sendable () -> Nanoseconds = { .zero }
  ) {
    self.host = host
    self.wall = wall
    self.networkTimeOffset = networkTimeOffset
    reading = { ClockReading(host: host(), wall: wall(), networkTimeOffset: networkTimeOffset()) }
  }

  /// Clocks that are read together.
  public init(host: @escaping @Sendable () -> HostTime, reading: @escaping @Sendable () -> ClockReading) {
    self.host = host
    self.reading = reading
    wall = { reading().wall }
    networkTimeOffset = { reading().networkTimeOffset }
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
