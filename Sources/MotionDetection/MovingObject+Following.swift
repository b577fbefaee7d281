import Geometry

extension MovingObject {
  /// A patch that was found again.
  private struct Path {
    var then: SIMD2<Float>
    var now: SIMD2<Float>
  }

  /// Goes on to the next picture, by its patches; by how it went on before, where they are not found.
  /// - Parameter ground: where a pixel of the ground in the previous picture is in this one.
  mutating func follow(
    from previous: WorkingPicture, to next: WorkingPicture, ground: (SIMD2<Float>) -> SIMD2<Float>
  ) {
    let centre = pose.centre
    let drift = ground(centre) - centre
    self.expected.centre = ground(self.expected.centre) + self.expected.velocity
    earlier.append(pose)
    earlier.removeFirst()
    let expected = drift + velocity
    var paths: [Path] = []
    let aligner = PatchAligner()
    for patch in patches {
      // It has been growing and turning with the camera as well.
      let guess = patch + expected + motion.growth * (patch - centre)
      guard let match = aligner.align(patch, from: previous, to: next, guess: guess, coarsest: 1), match.residual < 12
      else { continue }
      paths.append(Path(then: patch, now: match.position))
    }
    let found = Self.motion(paths, centre: centre, expected: expected)
    unseenFrames += 1
    guard let found, found.kept.count >= 3 else {
      lostFrames += 1
      pose.centre += expected
      patches = []
      motion = GroupMotion(centre: centre, shift: expected, growth: 0, turn: 0)
      return
    }
    lostFrames = 0
    record.follow(
      velocity: found.motion.shift - drift, unity: Float(found.kept.count) / Float(max(patches.count, 1)))
    patches = found.kept.map(\.now)
    motion = found.motion
    velocity += 0.3 * (found.motion.shift - drift - velocity)
    pose.centre += found.motion.shift
    pose.scale *= 1 + min(max(found.motion.growth, -0.04), 0.04)
  }

  /// The shift and the growth that most patches follow, those that move as expected first.
  private static func motion(
    _ paths: [Path], centre: SIMD2<Float>, expected: SIMD2<Float>
  ) -> (motion: GroupMotion, kept: [Path])? {
    guard paths.count >= 3 else { return nil }
    var (shift, growth) = (expected, Float(0))
    var width: Float = 1.5
    func error(_ path: Path) -> Float {
      let difference = path.now - path.then - shift - growth * (path.then - centre)
      return (difference * difference).sum().squareRoot()
    }
    for _ in 0..<6 {
      var (weights, places, moves) = (Float(0), SIMD2<Float>.zero, SIMD2<Float>.zero)
      let weighted = paths.map { path -> Float in
        let e = error(path) / width
        return 1 / (1 + e * e * e * e)
      }
      for (path, weight) in zip(paths, weighted) {
        weights += weight
        places += weight * (path.then - centre)
        moves += weight * (path.now - path.then)
      }
      guard weights > 1 else { return nil }
      let (place, move) = (places / weights, moves / weights)
      var (size, along): (Float, Float) = (0, 0)
      for (path, weight) in zip(paths, weighted) {
        let p = path.then - centre - place
        size += weight * (p * p).sum()
        along += weight * (p * (path.now - path.then - move)).sum()
      }
      // A few patches close together say nothing of growth.
      growth = along / (size + 20 * weights)
      shift = move - growth * place
      width = max(width * 0.7, 0.5)
    }
    let kept = paths.filter { error($0) < 1 }
    return (GroupMotion(centre: centre, shift: shift, growth: growth, turn: 0), kept)
  }
}
