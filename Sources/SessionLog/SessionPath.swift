import FoxgloveSchemas
import MediaModel

/// The path of a camera as a line of bounded length: where it grows too long, every second point goes.
struct SessionPath: Sendable {
  private static let pointLimit = 2_048
  /// How often the line is sent.
  private static let interval = Nanoseconds.seconds(1)

  private var points: [SIMD3<Double>] = []
  private var map = 0
  /// One pose of so many becomes a point.
  private var stride = 1
  private var skipped = 0
  private var sentAt: WallTime?

  /// Takes in where the camera is.
  /// - Parameter map: a pose in another map begins a new line.
  /// - Returns: the line, when it is to be sent.
  mutating func add(_ position: SIMD3<Double>, at time: WallTime, map: Int) -> Foxglove.SceneUpdate? {
    if map != self.map {
      self = SessionPath()
      self.map = map
    }
    skipped += 1
    if skipped >= stride {
      skipped = 0
      points.append(position)
      if points.count > Self.pointLimit { thin() }
    }
    if let sentAt, time.since(sentAt) < Self.interval, time >= sentAt { return nil }
    sentAt = time
    let line = Foxglove.LinePrimitive(
      thickness: 2, isScaleInvariant: true, points: points, color: Foxglove.Color(1, 0.6, 0))
    return Foxglove.SceneUpdate(
      entities: [
        Foxglove.SceneEntity(
          timestamp: time, frameID: SessionFrame.world, id: "path", metadata: [.init("map", "\(map)")], lines: [line])
      ])
  }

  private mutating func thin() {
    points = points.indices.filter { $0 % 2 == 0 }.map { points[$0] }
    stride *= 2
  }
}
