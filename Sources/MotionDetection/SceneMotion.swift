import Geometry

/// What a picture of a scene at rest would do between two frames: the camera's motion, and the ground.
struct SceneMotion: Hashable, Sendable {
  var motion: CameraMotion
  var camera: CentredCamera
  /// Inverse depth (then) of the ground is `ground · (x, y, 1)` in the direction (x, y, 1), in units of the way.
  /// Zero where no ground was found.
  var ground: SIMD3<Double>
  /// Whether the camera stays where it is, but for turning: then nothing at rest has any parallax.
  var isInPlace = false

  private let rotation: Matrix3

  init(motion: CameraMotion, camera: CentredCamera, ground: SIMD3<Double> = .zero) {
    (self.motion, self.camera, self.ground) = (motion, camera, ground)
    rotation = motion.rotation.matrix
  }

  /// How a path differs from that of a point at rest.
  struct Deviation {
    /// Distance from the line on which points at rest move, pixels, with its sign.
    var across: Double
    /// The unit vector of the line on which points at rest move.
    var line: SIMD2<Double>
    /// Along that line: by how much the point moved further than the ground there would, pixels: positive above the
    /// ground, negative below it. Zero above the horizon.
    var aboveGround: Double
    /// How far the ground there moved for the camera's way, and the point, pixels.
    var groundShift: Double
    var shift: Double
    /// Inverse depth then, in units of the way.
    var inverseDepth: Double
  }

  func deviation(_ path: PointPath) -> Deviation {
    let then = camera.bearing(path.then)
    let now = camera.bearing(path.now)
    let turned = rotation * then
    let far = SIMD2(turned.x, turned.y) / turned.z
    let t = motion.direction
    // Where the point goes for a small inverse depth: the direction of its line.
    let slope = (SIMD2(t.x, t.y) - far * t.z) / turned.z
    let length = (slope * slope).sum().squareRoot()
    let moved = SIMD2(now.x, now.y) - far
    if isInPlace {
      let shift = (moved * moved).sum().squareRoot()
      let line = shift > 1e-9 ? SIMD2(moved.y, -moved.x) / shift : SIMD2(1, 0)
      return Deviation(
        across: shift * camera.focalLength, line: line, aboveGround: 0, groundShift: 0, shift: 0, inverseDepth: 0)
    }
    let unit = length > 1e-9 ? slope / length : SIMD2(1, 0)
    let across = (unit.x * moved.y - unit.y * moved.x) * camera.focalLength
    let along = (unit * moved).sum()
    // along = ρ·|slope| / (1 + ρ t.z / turned.z)
    let inverseDepth = along / max(length - along * t.z / turned.z, 1e-9)
    let groundDepth = (ground * then).sum()
    var groundShift = 0.0
    if groundDepth > 0 {
      groundShift = groundDepth * length / max(1 + groundDepth * t.z / turned.z, 0.05) * camera.focalLength
    }
    let shift = along * camera.focalLength
    return Deviation(
      across: across, line: unit, aboveGround: groundDepth > 0 ? shift - groundShift : 0, groundShift: groundShift,
      shift: shift,
      inverseDepth: inverseDepth)
  }

  /// Where a point far away is now, pixels.
  func farNow(_ then: SIMD2<Float>) -> SIMD2<Float> { SIMD2<Float>(camera.pixel(rotation * camera.bearing(then))) }

  /// Where a point of the ground then (or one far away, above the horizon) is now, pixels.
  func groundNow(_ then: SIMD2<Float>) -> SIMD2<Float> {
    let bearing = camera.bearing(then)
    let point = rotation * bearing + motion.direction * max((ground * bearing).sum(), 0)
    return SIMD2<Float>(camera.pixel(point))
  }
}

/// Finds the ground in the paths of points: the lowest plane that many of them lie on.
struct GroundFinder {
  /// Distance from the plane up to which a point lies on it, pixels of its path.
  var tolerance = 0.8
  var samples = 60

  /// - Parameter previous: the ground found before, tried first.
  /// - Returns: the scene with its ground; without where none holds a fifth of the points.
  func find(_ paths: [PointPath], in scene: SceneMotion, previous: SIMD3<Double>, height: Double) -> SceneMotion {
    var points: [(bearing: SIMD3<Double>, depth: Double, pixels: Double)] = []
    for path in paths {
      let deviation = scene.deviation(path)
      guard abs(deviation.across) < 1, deviation.inverseDepth > 0 else { continue }
      points.append(
        (scene.camera.bearing(path.then), deviation.inverseDepth, deviation.shift / max(deviation.inverseDepth, 1e-9)))
    }
    guard points.count >= 12 else { return scene }
    func score(_ plane: SIMD3<Double>) -> Double {
      var sum = 0.0
      for point in points {
        let ground = (plane * point.bearing).sum()
        // Beyond the horizon there is no ground to be above or below of.
        guard ground > 0 else { continue }
        let error = (point.depth - ground) * point.pixels
        if abs(error) < tolerance { sum += 1 } else if error < -2 * tolerance { sum -= 0.7 }
      }
      return sum
    }
    var best = (plane: previous, score: previous == .zero ? 0 : score(previous))
    let low = points.indices.filter { points[$0].bearing.y > -0.05 }
    guard low.count >= 8 else { return scene }
    var random = RepeatableRandom(seed: UInt64(points.count))
    for _ in 0..<samples {
      let (a, b, c) = (
        points[low[random.index(below: low.count)]], points[low[random.index(below: low.count)]],
        points[low[random.index(below: low.count)]]
      )
      let matrix = Matrix3(rows: a.bearing, b.bearing, c.bearing)
      guard let plane = matrix.solve(SIMD3(a.depth, b.depth, c.depth), minimalDeterminant: 1e-4), isGround(plane)
      else { continue }
      let score = score(plane)
      if score > best.score { best = (plane, score) }
    }
    guard best.score > 0.2 * Double(points.count) else { return scene }
    for _ in 0..<2 {
      var normal = Matrix3(.zero, .zero, .zero)
      var right = SIMD3<Double>.zero
      for point in points {
        let ground = (best.plane * point.bearing).sum()
        let error = (point.depth - ground) * point.pixels
        guard ground > 0, abs(error) < 2 * tolerance else { continue }
        let weight = point.pixels * point.pixels / (1 + error * error / (tolerance * tolerance))
        let b = point.bearing
        normal = normal + weight * Matrix3(b * b.x, b * b.y, b * b.z)
        right += b * (point.depth * weight)
      }
      guard let plane = normal.solve(right), isGround(plane) else { break }
      let score = score(plane)
      guard score >= best.score else { break }
      best = (plane, score)
    }
    var result = scene
    result.ground = best.plane
    return result
  }

  /// Whether a plane may be the ground: it lies below, so it comes nearer downwards or is met straight ahead.
  private func isGround(_ plane: SIMD3<Double>) -> Bool {
    plane.y > 0 && abs(plane.x) < 0.6 * (plane.y + abs(plane.z))
      || plane.z > 2 * abs(plane.x) && plane.y > -plane.z * 0.2
  }
}
