public import MediaModel

/// How the clock stands.
public struct NetworkTimeStatus: Hashable, Sendable {
  /// Servers have told the time, and at least one still does.
  public var isSynchronised = false
  /// Where the time is from; `nil` before a server told it.
  public var server: TimeServer?
  /// Network time minus the clock of the system, as measured.
  public var offset: Nanoseconds = .zero
  /// The part of the offset that readings have: they approach it by at most 500 ppm.
  public var correction: Nanoseconds = .zero
  /// Error bound without the round trip: the server's and ours, which grows with time.
  public var dispersion: Nanoseconds = .zero
  /// Round trip of the sample in use.
  public var delay: Nanoseconds = .zero
  /// Of the server; 0 before one told the time.
  public var stratum = 0

  public init() {}
}
