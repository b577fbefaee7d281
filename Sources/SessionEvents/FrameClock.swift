public import MediaModel

/// Capture times of the latest frames, so that results name exactly that of their frame.
public struct FrameClock: Sendable {
  /// 17 s at 30 frames a second.
  private static let kept = 512
  /// How far a time may be off that went through JSON as seconds.
  private static let tolerance = Nanoseconds(2_000)

  private var times: [WallTime] = []
  private var next = 0

  public init() {}

  /// Notes the time of a frame.
  public mutating func add(_ time: WallTime) {
    if times.count < Self.kept {
      times.append(time)
    } else {
      times[next] = time
      next = (next + 1) % Self.kept
    }
  }

  /// Seconds since 1970 as a time: that of the frame that they are of, where one is known; `nil`: they are no time.
  ///
  /// A result may come before its frame does, from a service that is faster than whoever brings the video. Its exact time
  /// is that of the frame then; without one, the nearest microsecond, in which servers stamp captures.
  ///
  /// - Parameter exact: the same time to the nanosecond, where the sender tells it; one that contradicts is left out.
  public func time(_ seconds: Double, exact: WallTime? = nil) -> WallTime? {
    guard seconds >= 0, seconds < 9e9 else { return nil }
    // Seconds since 1970 have steps of 238 ns.
    let rounded = WallTime(nanosSince1970: Int64((seconds * 1e6).rounded()) * 1_000)
    let time = exact.flatMap { Self.isClose($0, to: rounded) ? $0 : nil } ?? rounded
    let nearest = times.min { $0.since(time).value.magnitude < $1.since(time).value.magnitude }
    guard let nearest, Self.isClose(nearest, to: time) else { return time }
    return nearest
  }

  private static func isClose(_ a: WallTime, to b: WallTime) -> Bool {
    a.since(b).value.magnitude <= tolerance.value.magnitude
  }
}
