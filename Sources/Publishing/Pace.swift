public import Clocks
public import MediaModel

/// Clocks and a way to wait, so that tests run in virtual time.
public struct Pace: Sendable {
  public var clocks: SystemClocks
  /// Waits for so long; throws when the task is cancelled.
  public var pause: @Sendable (Nanoseconds) async throws -> Void

  public init(clocks: SystemClocks, pause: @escaping @Sendable (Nanoseconds) async throws -> Void) {
    self.clocks = clocks
    self.pause = pause
  }

  /// Real time.
  public static let system = Pace(clocks: .system) { duration in
    try await Task.sleep(nanoseconds: UInt64(max(0, duration.value)), tolerance: 500_000)
  }

  /// Waits until the monotonic clock shows `time`; not at all when it is past.
  func wait(until time: HostTime) async throws {
    let rest = time.since(clocks.host())
    if rest > .zero { try await pause(rest) } else { try Task.checkCancellation() }
  }
}

extension Task where Success == Never, Failure == Never {
  /// Sleeps with a tolerance small against the 33 ms from one picture to the next.
  fileprivate static func sleep(nanoseconds: UInt64, tolerance: UInt64) async throws {
    try await sleep(for: .nanoseconds(Int64(nanoseconds)), tolerance: .nanoseconds(Int64(tolerance)))
  }
}
