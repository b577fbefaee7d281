import Geometry

/// How the camera moved between two frames: as far as pictures tell, so without the length of its way.
///
/// A point at rest at depth `Z` (then) in direction `x` (then, z = 1) is now at `rotation · x + direction / Z`, in units
/// of the way.
struct CameraMotion: Hashable, Sendable {
  /// Camera now from camera then.
  var rotation: SO3
  /// Unit vector: where the camera of then is, seen from the camera of now.
  var direction: SIMD3<Double>

  static let none = CameraMotion(rotation: .identity, direction: SIMD3(0, 0, 1))
}

/// Pixels of the working picture and directions: a camera without distortion, its axis in the middle.
struct CentredCamera: Hashable, Sendable {
  var focalLength: Double
  var centre: SIMD2<Double>

  func bearing(_ pixel: SIMD2<Float>) -> SIMD3<Double> {
    let p = (SIMD2<Double>(pixel) - centre) / focalLength
    return SIMD3(p.x, p.y, 1)
  }

  func pixel(_ point: SIMD3<Double>) -> SIMD2<Double> {
    SIMD2(point.x, point.y) / point.z * focalLength + centre
  }
}

/// Where a point was and where it is, pixels of the working picture.
struct PointPath: Hashable, Sendable {
  var then: SIMD2<Float>
  var now: SIMD2<Float>
}

/// Finds how the camera moved from the paths of many points, some of which move by themselves.
///
/// Minimises the epipolar error of Sampson with weights of Cauchy, by Gauss–Newton over rotation, direction and focal
/// length, from where the previous frame ended and from a few other directions. Sources: Hartley, Zisserman 2004,
/// "Multiple view geometry", 11.4.3; Ma, Soatto, Košecká, Sastry 2004, "An invitation to 3-D vision", 5.
struct CameraMotionEstimator {
  /// Error that counts half, pixels.
  var scale = 0.4
  /// Errors above this count as this, pixels.
  var limit = 1.5
  /// How firmly the focal length stays what it was: the error in pixels that a change by its whole would cost, by point.
  var focalFirmness = 60.0

  struct Estimate: Hashable, Sendable {
    var motion: CameraMotion
    var focalLength: Double
    /// Mean of the squared error, each limited, pixels².
    var cost: Double
  }

  /// - Parameter others: directions to start from beside that of `start`.
  func estimate(
    _ paths: [PointPath], camera: CentredCamera, start: CameraMotion, others: [SIMD3<Double>]
  ) -> Estimate? {
    guard paths.count >= 12 else { return nil }
    var best: Estimate?
    for (index, direction) in ([start.direction] + others).enumerated() {
      let first = Estimate(
        motion: CameraMotion(rotation: start.rotation, direction: direction), focalLength: camera.focalLength, cost: 0)
      let found = refined(first, paths, camera, iterations: index == 0 ? 5 : 8)
      // Another place to start from must be clearly better, not by chance.
      if best == nil || found.cost < 0.93 * (best?.cost ?? 0) { best = found }
    }
    return best.map { facingForward($0, paths, camera) }
  }

  /// With the sign of the direction that puts more points in front of the camera.
  private func facingForward(_ estimate: Estimate, _ paths: [PointPath], _ camera: CentredCamera) -> Estimate {
    var camera = camera
    camera.focalLength = estimate.focalLength
    var balance = 0
    for path in paths {
      let turned = estimate.motion.rotation * camera.bearing(path.then)
      let now = camera.bearing(path.now)
      let offset = now.cross(turned).dot(now.cross(estimate.motion.direction))
      balance += offset < 0 ? 1 : -1
    }
    var result = estimate
    if balance < 0 { result.motion.direction = -result.motion.direction }
    return result
  }

  private func refined(_ start: Estimate, _ paths: [PointPath], _ camera: CentredCamera, iterations: Int) -> Estimate {
    var current = start
    current.cost = cost(current, paths, camera)
    for _ in 0..<iterations {
      guard let step = step(current, paths, camera) else { break }
      var factor = 1.0
      var accepted = false
      for _ in 0..<3 {
        var next = moved(current, by: step, factor)
        next.cost = cost(next, paths, camera)
        if next.cost < current.cost {
          accepted = next.cost < current.cost * 0.999
          current = next
          break
        }
        factor /= 3
      }
      guard accepted else { break }
    }
    return current
  }

  /// Two directions at right angles to a unit vector.
  static func tangents(_ direction: SIMD3<Double>) -> (SIMD3<Double>, SIMD3<Double>) {
    let axis = abs(direction.x) < 0.6 ? SIMD3<Double>(1, 0, 0) : SIMD3(0, 1, 0)
    let first = direction.cross(axis).normalized
    return (first, direction.cross(first))
  }

  private func moved(_ estimate: Estimate, by step: [Double], _ factor: Double) -> Estimate {
    let (b1, b2) = Self.tangents(estimate.motion.direction)
    var result = estimate
    result.motion.rotation = SO3.exp(SIMD3(step[0], step[1], step[2]) * factor) * estimate.motion.rotation
    result.motion.direction = (estimate.motion.direction + (b1 * step[3] + b2 * step[4]) * factor).normalized
    result.focalLength *= min(max(1 + step[5] * factor, 0.98), 1.02)
    return result
  }

  /// The error of one path, pixels, with its direction's parts.
  @inline(__always)
  private static func error(
    _ then: SIMD3<Double>, _ now: SIMD3<Double>, _ rotation: Matrix3, _ direction: SIMD3<Double>, _ focal: Double
  ) -> (value: Double, norm: Double, turned: SIMD3<Double>) {
    let turned = rotation * then
    let line = direction.cross(turned)
    // Eᵀ · now, turned back, gives the other line.
    let back = rotation.transposed * now.cross(direction)
    let norm = (line.x * line.x + line.y * line.y + back.x * back.x + back.y * back.y).squareRoot()
    let safe = max(norm, 1e-9)
    return (focal * now.dot(line) / safe, safe, turned)
  }

  private func cost(_ estimate: Estimate, _ paths: [PointPath], _ camera: CentredCamera) -> Double {
    var camera = camera
    camera.focalLength = estimate.focalLength
    let rotation = estimate.motion.rotation.matrix
    var sum = 0.0
    for path in paths {
      let error = Self.error(
        camera.bearing(path.then), camera.bearing(path.now), rotation, estimate.motion.direction, camera.focalLength
      ).value
      sum += min(error * error, limit * limit)
    }
    return sum / Double(paths.count)
  }

  private func step(_ estimate: Estimate, _ paths: [PointPath], _ camera: CentredCamera) -> [Double]? {
    var camera = camera
    camera.focalLength = estimate.focalLength
    var longer = camera
    longer.focalLength *= 1.001
    let rotation = estimate.motion.rotation.matrix
    let direction = estimate.motion.direction
    let (b1, b2) = Self.tangents(direction)
    // Rows of six; the last two numbers of each are not used.
    var rows = [SIMD8<Double>](repeating: .zero, count: 6)
    var right = SIMD8<Double>.zero
    rows.withUnsafeMutableBufferPointer { rows in
      for path in paths {
        let now = camera.bearing(path.now)
        let (value, norm, turned) = Self.error(
          camera.bearing(path.then), now, rotation, direction, camera.focalLength)
        let scaled = camera.focalLength / norm
        let turning = turned.cross(now.cross(direction)) * scaled
        let moving = turned.cross(now) * scaled
        let stretched = Self.error(
          longer.bearing(path.then), longer.bearing(path.now), rotation, direction, longer.focalLength
        ).value
        let row = SIMD8(
          turning.x, turning.y, turning.z, moving.dot(b1), moving.dot(b2), (stretched - value) / 0.001, 0, 0)
        let weighted = row * (1 / (1 + value * value / (scale * scale)))
        for i in 0..<6 { rows[i] += row * weighted[i] }
        right -= weighted * value
      }
    }
    var normal = rows.flatMap { row in (0..<6).map { row[$0] } }
    normal[35] += focalFirmness * focalFirmness * Double(paths.count)
    for i in 0..<5 { normal[i * 6 + i] += 1e-6 * Double(paths.count) }
    return Self.solve(&normal, (0..<6).map { right[$0] })
  }

  /// Solves a symmetric positive system of six, of which the upper half is given.
  private static func solve(_ a: inout [Double], _ b: [Double]) -> [Double]? {
    let n = 6
    var x = b
    for i in 0..<n {
      for k in 0..<i {
        let factor = a[k * n + i] / a[k * n + k]
        for j in i..<n { a[i * n + j] -= factor * a[k * n + j] }
        x[i] -= factor * x[k]
      }
      guard a[i * n + i] > 1e-12 else { return nil }
    }
    for i in stride(from: n - 1, through: 0, by: -1) {
      for j in i + 1..<n { x[i] -= a[i * n + j] * x[j] }
      x[i] /= a[i * n + i]
    }
    return x
  }
}
