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
  public func time(_ seconds: Double) -> WallTime? {
    guard seconds >= 0, seconds < 9e9 else { return nil }
    let time = WallTime(nanosSince1970: Int64((seconds * 1e9).rounded()))
    let nearest = times.min { abs($0.since(time).value) < abs($1.since(time).value) }
    guard let nearest, abs(nearest.since(time).value) <= Self.tolerance.value else { return time }
    return nearest
  }
}
