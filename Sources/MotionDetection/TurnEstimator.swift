import Geometry

/// Finds how a camera turned that stays in its place, and whether it does.
///
/// Minimises the distance in the picture with weights of Cauchy, by Gauss–Newton over the rotation. Source: Hartley,
/// Zisserman 2004, "Multiple view geometry", 4 (homographies by rotation) and appendix 6.8 (robust costs).
struct TurnEstimator {
  /// Error that counts half, pixels.
  var scale = 0.3
  /// Points at rest are nearer than this to where the turn takes them, pixels ...
  var tolerance = 0.4
  /// ... and so is this share of all.
  var share = 0.8
  /// Half of them are nearer than this, pixels.
  var medianTolerance = 0.2

  /// - Returns: the turn, camera now from camera then; `nil` where it does not explain the paths.
  func turn(_ paths: [PointPath], camera: CentredCamera, start: SO3) -> SO3? {
    guard paths.count >= 12 else { return nil }
    // Most cameras that stay in their place do not turn either.
    for first in [.identity, start] {
      let found = refined(first, paths, camera)
      let errors = paths.map { path in
        let e = error(path, found, camera)
        return (e * e).sum().squareRoot()
      }.sorted()
      if errors[errors.count / 2] < medianTolerance, errors[Int(share * Double(errors.count))] < tolerance {
        return found
      }
    }
    return nil
  }

  private func error(_ path: PointPath, _ rotation: SO3, _ camera: CentredCamera) -> SIMD2<Double> {
    let turned = rotation * camera.bearing(path.then)
    guard turned.z > 0.1 else { return SIMD2(repeating: 1_000) }
    return camera.pixel(turned) - SIMD2<Double>(path.now)
  }

  private func refined(_ start: SO3, _ paths: [PointPath], _ camera: CentredCamera) -> SO3 {
    var rotation = start
    for _ in 0..<6 {
      var normal = Matrix3(.zero, .zero, .zero)
      var right = SIMD3<Double>.zero
      for path in paths {
        let turned = rotation * camera.bearing(path.then)
        guard turned.z > 0.1 else { continue }
        let error = camera.pixel(turned) - SIMD2<Double>(path.now)
        let weight = 1 / (1 + (error * error).sum() / (scale * scale))
        let (x, y) = (turned.x / turned.z, turned.y / turned.z)
        // How the pixel moves with a small turn about each axis.
        let across = SIMD3(-x * y, 1 + x * x, -y) * camera.focalLength
        let down = SIMD3(-(1 + y * y), x * y, x) * camera.focalLength
        for row in [(across, error.x), (down, error.y)] {
          normal = normal + weight * Matrix3(row.0 * row.0.x, row.0 * row.0.y, row.0 * row.0.z)
          right -= row.0 * (row.1 * weight)
        }
      }
      guard let step = normal.solve(right) else { break }
      rotation = SO3.exp(step) * rotation
      if (step * step).sum().squareRoot() * camera.focalLength < 0.003 { break }
    }
    return rotation
  }
}
