public import MediaModel

/// A path as a line of bounded length: where it grows too long, every second point goes.
public struct ThinnedPath<Point: Sendable>: Sendable {
  /// The line so far.
  public private(set) var points: [Point] = []
  private let limit: Int
  private let interval: Nanoseconds
  /// One point of so many is kept.
  private var stride = 1
  private var skipped = 0
  private var sentAt: WallTime?

  /// - Parameters:
  ///   - limit: points of the line.
  ///   - interval: how often the line is worth being sent.
  public init(limit: Int = 2_048, interval: Nanoseconds = .seconds(1)) {
    self.limit = limit
    self.interval = interval
  }

  /// Takes in the next point.
  /// - Returns: whether the line is to be sent.
  public mutating func add(_ point: Point, at time: WallTime) -> Bool {
    skipped += 1
    if skipped >= stride {
      skipped = 0
      points.append(point)
      if points.count > limit { thin() }
    }
    if let sentAt, time.since(sentAt) < interval, time >= sentAt { return false }
    sentAt = time
    return true
  }

  /// Begins a new line.
  public mutating func restart() { self = ThinnedPath(limit: limit, interval: interval) }

  private mutating func thin() {
    points = points.indices.filter { $0 % 2 == 0 }.map { points[$0] }
    stride *= 2
  }
}
