import Geometry
import MultiView
import TestSupport

/// Points and cameras with known truth, the same for each seed.
struct TwoViews {
  var points: [SIMD3<Double>] = []
  var pairs: [BearingPair] = []
  let camera = CameraModel.pinhole(
    PinholeCamera(focalLength: SIMD2(460, 460), principalPoint: SIMD2(375.5, 239.5), width: 752, height: 480))
  let secondFromFirst: SE3

  /// - Parameters:
  ///   - noise: pixels, up to.
  ///   - outlierShare: of the pairs.
  init(
    seed: UInt64, isPlane: Bool = false, noise: Double = 0.5, outlierShare: Double = 0.2, count: Int = 150,
    translation: SIMD3<Double> = SIMD3(0.5, -0.1, 0.15)
  ) {
    var generator = SeededGenerator(seed: seed)
    func random(_ range: ClosedRange<Double>) -> Double { Double.random(in: range, using: &generator) }
    secondFromFirst = SE3(
      rotation: .exp(SIMD3(random(-0.1...0.1), random(-0.2...0.2), random(-0.1...0.1))), translation: translation)
    while points.count < count {
      let (u, v) = (random(30...720), random(30...450))
      guard let bearing = camera.unproject(SIMD2(u, v)) else { continue }
      // The plane is tilted towards the camera.
      let depth = isPlane ? 4 / (1 + 0.3 * bearing.x - 0.4 * bearing.y) : random(2...9)
      let point = bearing * depth
      guard let seen = camera.project(secondFromFirst * point), camera.contains(pixel: seen) else { continue }
      let isWrong = Double(points.count) < outlierShare * Double(count)
      let pixel =
        isWrong
        ? SIMD2(random(0...751), random(0...479))
        : seen + SIMD2(random(-noise...noise), random(-noise...noise))
      guard let second = camera.unproject(pixel) else { continue }
      points.append(point)
      pairs.append(BearingPair(first: bearing, second: second))
    }
  }

  /// Angles by which rotation and direction of translation are off, radians.
  func errors(of pose: SE3) -> (rotation: Double, direction: Double) {
    let direction = secondFromFirst.translation.normalized
    let cosine = min(1, direction.dot(pose.translation.normalized))
    return ((pose.rotation.inverse * secondFromFirst.rotation).angle, (2 * (1 - cosine)).squareRoot())
  }
}
