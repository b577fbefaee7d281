import BusMessages
import Geometry
import MediaModel
import NIOCore
import SessionEvents

/// What is logged in a measurement; `Benchmarks/rerun-logging/log.py` logs the same.
public enum RerunWorkload: String, Sendable, Codable, CaseIterable {
  /// Poses of a camera: `Transform3D`.
  case poses
  /// Readings of accelerometer and gyroscope: two `Scalars` of three numbers.
  case motion
  /// Ten boxes with labels: `Boxes2D`, and a line of text.
  case objects
  /// Access units of 40 kB: `VideoStream`.
  case video
  /// Clouds of 100,000 coloured points: `Points3D`.
  case points

  /// Events of one round.
  var count: Int {
    switch self {
    case .poses: 20_000
    case .motion: 20_000
    case .objects: 5_000
    case .video: 3_000
    case .points: 20
    }
  }

  /// An event of each kind, so that making them is not measured.
  func events() -> [SessionEvent] {
    switch self {
    case .points:
      let points = (0..<100_000).map { (index: Int) -> PointCloud.Point in
        PointCloud.Point(
          position: SIMD3<Float>(Float(index), Float(index % 100), 1),
          colour: SIMD3<UInt8>(UInt8(index % 256), UInt8(index % 7), 200))
      }
      return (0..<count).map { .points(Self.time($0), PointCloud(points: points)) }
    case .video:
      // Different ones: coded pictures do not repeat each other.
      let pictures = (1...4).map { ByteBuffer(bytes: Self.noise(40_000, seed: $0)) }
      return (0..<count).map { index -> SessionEvent in
        .video(
          SessionEvent.Video(
            time: Self.time(index), frame: index, isKeyFrame: index == 0, data: [pictures[index % 4]],
            resolution: Resolution(width: 1_280, height: 720)))
      }
    case .objects:
      let objects = (0..<10).map { index in
        let left = Float(index) * 100
        return TrackedObject(id: index, label: "car", score: 0.5, box: SIMD4(left, 10, left + 80, 60))
      }
      return (0..<count).map { .objects(SessionEvent.Objects(time: Self.time($0), frame: $0, objects: objects)) }
    case .motion:
      return (0..<count).map {
        .motion(
          SessionEvent.Motion(
            time: Self.time($0), accelerometer: SIMD3(0, 0, 9.81), gyroscope: SIMD3(0.1, 0.2, Double($0))))
      }
    case .poses:
      return (0..<count).map {
        .pose(
          SessionEvent.Pose(
            time: Self.time($0), frame: $0,
            worldFromCamera: SE3(rotation: .identity, translation: SIMD3(Double($0), 0, 0)), map: 0, isMetric: true,
            isKeyFrame: false))
      }
    }
  }

  /// As good as random: xorshift. Source: Marsaglia 2003, "Xorshift RNGs".
  private static func noise(_ count: Int, seed: UInt32) -> [UInt8] {
    var state = seed
    return (0..<count).map { _ in
      state ^= state << 13
      state ^= state >> 17
      state ^= state << 5
      return UInt8(truncatingIfNeeded: state)
    }
  }

  /// 200 a second.
  private static func time(_ index: Int) -> WallTime {
    WallTime(nanosSince1970: 1_700_000_000_000_000_000 + Int64(index) * 5_000_000)
  }
}
