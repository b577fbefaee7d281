import Geometry
import SLAM
import TestSupport
import Vision

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A round room of which everything is known, and maps of it that are wrong by as much as a test wants.
///
/// A camera goes round in it and looks at the wall. Each mark on the wall has a descriptor of its own.
struct ScriptedRoom {
  static let camera = RenderedRoom.camera
  /// Key frames of a whole turn.
  static let turn = 60
  private static let markCount = 2_400
  /// Pixels left and right of the middle within which marks are followed, so that none is in many key frames: where a
  /// map drifts, views of one thing contradict each other little.
  private static let reach = 70.0

  private var marks: [(place: SIMD3<Double>, descriptor: BinaryDescriptor)] = []
  private var random = SeededGenerator(seed: 11)

  init() {
    for _ in 0..<Self.markCount {
      let angle = Double.random(in: 0..<2 * .pi, using: &random)
      let radius = Double.random(in: 5...7, using: &random)
      let bits = SIMD4<UInt64>(random.next(), random.next(), random.next(), random.next())
      let height = Double.random(in: -2...2, using: &random)
      marks.append((SIMD3(radius * sin(angle), height, radius * cos(angle)), BinaryDescriptor(bits: bits)))
    }
  }

  /// Where key frame `index` truly is; the room's axes, y down.
  static func worldFromCamera(_ index: Int) -> SE3 {
    let turned = SO3(angle: 2 * .pi * Double(index) / Double(turn), axis: SIMD3(0, 1, 0))
    return SE3(rotation: turned, translation: turned * SIMD3(0, 0, 2))
  }

  /// The map of a camera that went through some key frames.
  /// - Parameters:
  ///   - drift: how the map has the surroundings of each key frame: map from room.
  ///   - firstIdentifier: of its points. What comes into view again after it was out of view is a new point.
  mutating func map(_ keyFrames: Range<Int>, firstIdentifier: Int, drift: (_ keyFrame: Int) -> Sim3) -> SLAMMap {
    var map = SLAMMap()
    var next = firstIdentifier
    var shown: [(identifier: Int, keyFrame: Int)?] = .init(repeating: nil, count: marks.count)
    for (position, index) in keyFrames.enumerated() {
      let truth = Self.worldFromCamera(index)
      var features: [KeyFrameFeatures.Feature] = []
      for mark in marks.indices {
        guard let pixel = Self.camera.project(truth.inverse * marks[mark].place),
          Self.camera.contains(pixel: pixel, margin: 2), abs(pixel.x - Self.camera.principalPoint.x) < Self.reach
        else { continue }
        if shown[mark]?.keyFrame != position - 1 || position == 0 {
          shown[mark] = (next, position)
          map.points[next] = MapPoint(position: drift(index) * marks[mark].place, observations: [])
          next += 1
        }
        let identifier = shown[mark]?.identifier ?? 0
        shown[mark]?.keyFrame = position
        map.points[identifier]?.observations.append((position, pixel))
        features.append(
          .init(
            pixel: SIMD2(Float(pixel.x), Float(pixel.y)), owner: identifier,
            descriptors: (0..<3).map { _ in noisy(marks[mark].descriptor) }))
      }
      map.keyFrames.append(
        KeyFrame(
          cameraFromWorld: drift(index).moved(truth).inverse, number: index, nanos: Int64(index) * 100_000_000,
          features: KeyFrameFeatures(features, width: Self.camera.width, height: Self.camera.height)))
      map.indexPlaces()
    }
    for identifier in map.points.identifiers {
      if let point = map.points[identifier], point.observations.count < 2 { map.points[identifier] = nil }
    }
    return map
  }

  /// A descriptor as another picture shows it: some bits of it are different.
  private mutating func noisy(_ descriptor: BinaryDescriptor) -> BinaryDescriptor {
    var bits = descriptor.bits
    for _ in 0..<8 { bits[Int.random(in: 0..<4, using: &random)] ^= 1 << UInt64.random(in: 0..<64, using: &random) }
    return BinaryDescriptor(bits: bits)
  }
}
