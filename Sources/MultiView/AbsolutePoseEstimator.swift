public import Geometry

/// Finds a camera's pose from points whose places are known, many of them wrongly matched.
///
/// RANSAC over Grunert's solution for three points, then refinement on what agrees. The same input gives the same
/// pose, bit for bit.
public struct AbsolutePoseEstimator: Sendable {
  /// Pixels by which a right match may miss.
  public var inlierThreshold = 3.0
  /// Samples at most.
  public var maximalSamples = 300
  /// Matches that must agree.
  public var minimalInliers = 12

  public init() {}

  /// What was found.
  public struct Estimate: Hashable, Sendable {
    public var cameraFromWorld: SE3
    /// Which observations agree, ascending.
    public var inliers: [Int]
  }

  /// - Returns: `nil` when fewer than `minimalInliers` observations agree on a pose.
  public func estimate(_ observations: [PointObservation], camera: CameraModel) -> Estimate? {
    guard observations.count >= max(4, minimalInliers) else { return nil }
    let bearings = observations.map { camera.unproject($0.pixel)?.normalized }
    var random = RepeatableRandom(seed: UInt64(observations.count))
    var best: (pose: SE3, cost: Double, inlierCount: Int)?
    var needed = maximalSamples
    var drawn = 0
    while drawn < needed {
      drawn += 1
      let sample = random.sample(3, below: observations.count)
      let rays = sample.compactMap { bearings[$0] }
      guard rays.count == 3 else { continue }
      let points = sample.map { observations[$0].pointInWorld }
      for pose in PerspectiveThreePoint.poses(bearings: rays, points: points) {
        let (cost, count) = score(pose, observations, camera)
        if cost < best?.cost ?? .infinity {
          best = (pose, cost, count)
          needed = min(needed, Self.samplesNeeded(inlierShare: Double(count) / Double(observations.count)))
        }
      }
    }
    guard let best, best.inlierCount >= minimalInliers else { return nil }
    return polish(best.pose, observations, camera)
  }

  /// Refines on what agrees, twice, since refinement brings more to agree.
  private func polish(_ start: SE3, _ observations: [PointObservation], _ camera: CameraModel) -> Estimate? {
    var pose = start
    for _ in 0..<2 {
      let agreeing = inliers(of: pose, observations, camera).map { observations[$0] }
      guard let refined = PoseRefiner().refine(agreeing, camera: camera, start: pose) else { return nil }
      pose = refined.cameraFromWorld
    }
    let inliers = inliers(of: pose, observations, camera)
    return inliers.count >= minimalInliers ? Estimate(cameraFromWorld: pose, inliers: inliers) : nil
  }

  private func squaredError(_ pose: SE3, _ observation: PointObservation, _ camera: CameraModel) -> Double {
    guard let pixel = camera.project(pose * observation.pointInWorld) else { return .infinity }
    let residual = pixel - observation.pixel
    return (residual * residual).sum()
  }

  private func inliers(of pose: SE3, _ observations: [PointObservation], _ camera: CameraModel) -> [Int] {
    observations.indices.filter {
      squaredError(pose, observations[$0], camera) <= inlierThreshold * inlierThreshold
    }
  }

  /// MSAC: squared errors, cut off at the threshold.
  private func score(_ pose: SE3, _ observations: [PointObservation], _ camera: CameraModel) -> (Double, Int) {
    let limit = inlierThreshold * inlierThreshold
    var (cost, count) = (0.0, 0)
    for observation in observations {
      let squared = squaredError(pose, observation, camera)
      cost += min(squared, limit)
      if squared <= limit { count += 1 }
    }
    return (cost, count)
  }

  /// Samples of three until one without outliers is 99.9 % sure.
  private static func samplesNeeded(inlierShare: Double) -> Int {
    var failure = 1.0
    var count = 0
    let success = inlierShare * inlierShare * inlierShare
    while failure > 0.001, count < 10_000, success > 0 {
      failure *= 1 - success
      count += 1
    }
    return max(count, 8)
  }
}

/// The poses from which three points are seen in three directions.
///
/// Source: Grunert 1841, as given by Haralick et al. 1994, "Review and analysis of solutions of the three point
/// perspective pose estimation problem", eq. 8 to 11.
enum PerspectiveThreePoint {
  /// - Parameters:
  ///   - bearings: three unit vectors in the camera.
  ///   - points: the three points in the world.
  /// - Returns: up to four poses, camera from world.
  static func poses(bearings: [SIMD3<Double>], points: [SIMD3<Double>]) -> [SE3] {
    let side = points[1] - points[0]
    guard side.cross(points[2] - points[0]).norm > 1e-9 * side.dot(side) else { return [] }
    let a2 = squaredDistance(points[1], points[2])
    let b2 = squaredDistance(points[0], points[2])
    let c2 = squaredDistance(points[0], points[1])
    let (cosA, cosB) = (bearings[1].dot(bearings[2]), bearings[0].dot(bearings[2]))
    let cosC = bearings[0].dot(bearings[1])
    let (difference, sum) = ((a2 - c2) / b2, (a2 + c2) / b2)
    let quartic = Polynomial(coefficients: [
      (1 + difference) * (1 + difference) - 4 * a2 / b2 * cosC * cosC,
      4 * (-difference * (1 + difference) * cosB + 2 * a2 / b2 * cosC * cosC * cosB - (1 - sum) * cosA * cosC),
      2
        * (difference * difference - 1 + 2 * difference * difference * cosB * cosB
          + 2 * (b2 - c2) / b2 * cosA * cosA - 4 * sum * cosA * cosB * cosC + 2 * (b2 - a2) / b2 * cosC * cosC),
      4 * (difference * (1 - difference) * cosB - (1 - sum) * cosA * cosC + 2 * c2 / b2 * cosA * cosA * cosB),
      (difference - 1) * (difference - 1) - 4 * c2 / b2 * cosA * cosA,
    ])
    return quartic.realRoots.compactMap { v in
      let denominator = 2 * (cosC - v * cosA)
      guard v > 0, abs(denominator) > 1e-12 else { return nil }
      let u = ((difference - 1) * v * v - 2 * difference * cosB * v + 1 + difference) / denominator
      let squared = b2 / (1 + v * v - 2 * v * cosB)
      guard u > 0, squared > 0, squared.isFinite else { return nil }
      let s = squared.squareRoot()
      return pose(taking: points, to: [bearings[0] * s, bearings[1] * (u * s), bearings[2] * (v * s)])
    }
  }

  private static func squaredDistance(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> Double { (a - b).dot(a - b) }

  /// The motion that lays one triangle on another of the same shape.
  private static func pose(taking from: [SIMD3<Double>], to: [SIMD3<Double>]) -> SE3? {
    guard let target = frame(of: to), let source = frame(of: from) else { return nil }
    let rotation = SO3(matrix: target * source.transposed)
    return SE3(rotation: rotation, translation: to[0] - rotation * from[0])
  }

  /// Axes along the first side, across the triangle's plane, and at a right angle to both.
  private static func frame(of triangle: [SIMD3<Double>]) -> Matrix3? {
    let x = (triangle[1] - triangle[0]).normalized
    let normal = x.cross(triangle[2] - triangle[0])
    guard normal.norm > 1e-12 else { return nil }
    let z = normal.normalized
    return Matrix3(x, z.cross(x), z)
  }
}
