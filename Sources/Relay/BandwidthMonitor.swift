import MediaModel

/// Bandwidth of one publisher in windows of five seconds (protocol.md section 9).
struct BandwidthMonitor {
  private static let window = Nanoseconds.seconds(5)
  private static let windowsAveraged = 10
  private static let adviceBelowMegabits = 3.0

  private var windowStart: HostTime?
  private var bytes = 0
  private var recent: [Double] = []
  private(set) var latestMegabitsPerSecond = 0.0
  private(set) var averageMegabitsPerSecond = 0.0
  private var hasAdvised = false

  /// Adds `size` bytes.
  /// - Returns: whether the stream has just been found to stay under 3 Mb/s; `true` at most once.
  mutating func add(bytes size: Int, at now: HostTime) -> Bool {
    guard let start = windowStart else {
      windowStart = now
      bytes = size
      return false
    }
    bytes += size
    let elapsed = now.since(start)
    guard elapsed >= Self.window else { return false }
    latestMegabitsPerSecond = Double(bytes) * 8 / 1e6 / elapsed.seconds
    recent.append(latestMegabitsPerSecond)
    if recent.count > Self.windowsAveraged { recent.removeFirst() }
    averageMegabitsPerSecond = recent.reduce(0, +) / Double(recent.count)
    windowStart = now
    bytes = 0
    guard !hasAdvised, recent.count > 5, averageMegabitsPerSecond < Self.adviceBelowMegabits else { return false }
    hasAdvised = true
    return true
  }
}
