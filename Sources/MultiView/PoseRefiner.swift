public import Geometry
import LinearAlgebra

/// A point of the map and the pixel that shows it.
public struct PointObservation: Hashable, Sendable {
  public var pointInWorld: SIMD3<Double>
  /// Pixels.
  public var pixel: SIMD2<Double>
  /// One over the squared standard deviation of the pixel, relative to the others.
  public var weight: Double

  public init(pointInWorld: SIMD3<Double>, pixel: SIMD2<Double>, weight: Double = 1) {
    self.pointInWorld = pointInWorld
    self.pixel = pixel
    self.weight = weight
  }
}

/// Improves a camera's pose until known points project where they are seen.
///
/// Levenberg–Marquardt on SE(3), with the left perturbation `exp(δ) · cameraFromWorld`.
/// Source: Solà et al. 2018, "A micro Lie theory"; Triggs et al. 2000, "Bundle adjustment – a modern synthesis".
public struct PoseRefiner: Sendable {
  public var iterations = 12
  /// In pixels.
  public var kernel = HuberKernel(threshold: 1.5)

  public init() {}

  /// What refinement found.
  public struct Refined: Hashable, Sendable {
    public var cameraFromWorld: SE3
    /// Mean of the robust costs, pixels²/2 up to the kernel's threshold.
    public var cost: Double
    /// Observations within the kernel's threshold.
    public var inlierCount: Int
  }

  /// - Returns: `nil` when fewer than three points are in front of the camera, or they do not fix the pose.
  public func refine(
    _ observations: [PointObservation], camera: CameraModel, start cameraFromWorld: SE3
  ) -> Refined? {
    var pose = cameraFromWorld
    guard var system = linearise(observations, camera, pose) else { return nil }
    var damping = 1e-4
    for _ in 0..<iterations {
      var damped = system.information
      for index in 0..<6 { damped[index, index] *= 1 + damping }
      guard let step = Cholesky(damped)?.solve(system.gradient.map { -$0 }) else { return nil }
      let twist = SE3.Twist(
        linear: SIMD3(step[0], step[1], step[2]), angular: SIMD3(step[3], step[4], step[5]))
      let moved = SE3.exp(twist) * pose
      if let next = linearise(observations, camera, moved), next.cost <= system.cost {
        let gain = system.cost - next.cost
        (pose, system) = (moved, next)
        damping = max(damping / 10, 1e-9)
        if gain <= 1e-9 * system.cost { break }
      } else {
        damping *= 10
        if damping > 1e6 { break }
      }
    }
    return Refined(cameraFromWorld: pose, cost: system.cost, inlierCount: system.inlierCount)
  }

  private struct LinearSystem {
    var information = Matrix(rows: 6, columns: 6)
    var gradient = [Double](repeating: 0, count: 6)
    var cost = 0.0
    var inlierCount = 0
  }

  private func linearise(_ observations: [PointObservation], _ camera: CameraModel, _ pose: SE3) -> LinearSystem? {
    var system = LinearSystem()
    var seen = 0
    for observation in observations {
      let point = pose * observation.pointInWorld
      guard let projection = camera.projectLinearly(point) else {
        // A point that got behind the camera costs as much as one far outside the picture.
        system.cost += kernel.cost(squaredResidual: 1e6) * observation.weight
        continue
      }
      seen += 1
      let residual = projection.pixel - observation.pixel
      let squared = (residual * residual).sum()
      if squared <= kernel.threshold * kernel.threshold { system.inlierCount += 1 }
      system.cost += kernel.cost(squaredResidual: squared) * observation.weight
      let weight = kernel.weight(squaredResidual: squared) * observation.weight
      // ∂(exp(δ)·p)/∂δ = [I, −p×], so the row for the rotation is p × gradient.
      for (gradient, error) in [(projection.uGradient, residual.x), (projection.vGradient, residual.y)] {
        let turning = point.cross(gradient)
        let row = [gradient.x, gradient.y, gradient.z, turning.x, turning.y, turning.z]
        for i in 0..<6 {
          system.gradient[i] += weight * row[i] * error
          for j in 0...i { system.information[i, j] += weight * row[i] * row[j] }
        }
      }
    }
    guard seen >= 3 else { return nil }
    system.cost /= Double(observations.count)
    return system
  }
}
