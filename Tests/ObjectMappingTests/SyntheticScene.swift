import Geometry
import ObjectMapping
import TestSupport

/// Objects without extent but with boxes, seen by a camera that flies along, with noise.
struct SyntheticScene {
  var camera = CameraModel.pinhole(
    PinholeCamera(
      focalLength: SIMD2(830, 830), principalPoint: SIMD2(639.5, 359.5), width: 1280, height: 720))
  var random: SeededGenerator
  var options = ObjectMapOptions()
  /// Half the width of an object, metres.
  var halfSize = 1.0

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  mutating func normal() -> Double {
    // The sum of twelve uniform numbers has variance 1, and is as good as normal up to three deviations.
    (0..<12).reduce(-6.0) { sum, _ in sum + Double(random.next() >> 11) * 0x1p-53 }
  }

  /// A camera at a place that looks at a point, z up.
  static func pose(at place: SIMD3<Double>, towards point: SIMD3<Double>) -> SE3 {
    let forward = (point - place).normalized
    let right = forward.cross(SIMD3(0, 0, 1)).normalized
    return SE3(rotation: SO3(matrix: Matrix3(right, forward.cross(right), forward)), translation: place)
  }

  /// The object as a frame shows it, with as much noise as the map expects; `nil` out of sight.
  /// - Parameter wander: how far the middle of what is seen is off, in standard deviations of that; `nil`: anew each time.
  mutating func sighting(
    _ track: Int, _ label: String, at point: SIMD3<Double>, from pose: SE3, wander: SIMD2<Double>? = nil
  ) -> ObjectSighting? {
    let inCamera = pose.inverse * point
    guard let pixel = camera.project(inCamera), camera.contains(pixel: pixel) else { return nil }
    let half = halfSize * camera.focalLength.x / inCamera.norm
    let turned = options.attitudeDeviation * camera.focalLength.x
    let deviation = (options.pixelDeviation * options.pixelDeviation + turned * turned).squareRoot()
    let common = options.centreDeviation * 2 * half * 2.0.squareRoot()
    let wander = wander ?? SIMD2(normal(), normal())
    let centre = pixel + 0.5 + deviation * SIMD2(normal(), normal()) + common * wander
    return ObjectSighting(
      track: track, label: label, score: 0.9,
      box: SIMD4(centre.x - half, centre.y - half, centre.x + half, centre.y + half))
  }

  /// A pose as a good estimate has it: 2 cm and a milliradian off in each axis.
  mutating func disturbed(_ pose: SE3) -> SE3 {
    SE3(
      rotation: pose.rotation * SO3.exp(0.001 * SIMD3(normal(), normal(), normal())),
      translation: pose.translation + 0.02 * SIMD3(normal(), normal(), normal()))
  }

  /// Flat ground with points on it, metres.
  static func groundPoints(height: Double = 0) -> [SIMD3<Double>] {
    (-40...40).flatMap { x in (-40...40).map { SIMD3(Double(x) * 2, Double($0) * 2, height) } }
  }
}

extension MappedObject {
  /// Squared error over covariance: on average 3 where the covariance is right.
  func normalisedError(_ truth: SIMD3<Double>) -> Double {
    covariance.solve(position - truth).map { ($0 * (position - truth)).sum() } ?? .infinity
  }

  func error(_ truth: SIMD3<Double>) -> Double { (position - truth).norm }
}
