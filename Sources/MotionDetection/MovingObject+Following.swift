import Geometry

extension MovingObject {
  /// A patch that was found again.
  private struct Path {
    var then: SIMD2<Float>
    var now: SIMD2<Float>
  }

  /// Goes on to the next picture, by its patches; by how it went on before, where they are not found. Those of an object are
  /// looked for again for some frames, in the picture in which they were found last: something may have hidden them.
  /// - Parameters:
  ///   - pictures: the latest before `next`, the newest last.
  ///   - ground: where a pixel of the ground in the previous picture is in this one.
  mutating func follow(
    through pictures: [WorkingPicture], to next: WorkingPicture, ground: (SIMD2<Float>) -> SIMD2<Float>
  ) {
    let centre = pose.centre
    let drift = ground(centre) - centre
    self.expected.centre = ground(self.expected.centre) + self.expected.velocity
    earlier.append(pose)
    earlier.removeFirst()
    unseenFrames += 1
    let start = lastPose ?? pose
    let expected = centre + drift + velocity - start.centre
    let found =
      lostFrames < pictures.count
      ? find(from: pictures[pictures.count - 1 - lostFrames], to: next, start: start, expected: expected) : nil
    guard let found else {
      // What may be nothing is not looked for again.
      if lostFrames == 0, isShown { lastPose = pose } else if lastPose == nil { patches = [] }
      lostFrames += 1
      pose.centre += drift + velocity
      motion = GroupMotion(centre: centre, shift: drift + velocity, growth: 0, turn: 0)
      return
    }
    let count = patches.count
    patches = found.kept.map(\.now)
    pose.centre = start.centre + found.motion.shift
    pose.scale = start.scale * (1 + min(max(found.motion.growth, -0.04), 0.04))
    if lostFrames == 0 {
      motion = found.motion
      record.follow(velocity: motion.shift - drift, unity: Float(found.kept.count) / Float(max(count, 1)))
      velocity += 0.3 * (motion.shift - drift - velocity)
    }
    (lostFrames, lastPose) = (0, nil)
  }

  /// Finds its patches in another picture than that in which it was at `start`; where they are not found, in another light.
  /// - Parameter expected: by how much it is expected to have moved.
  private func find(
    from picture: WorkingPicture, to next: WorkingPicture, start: Pose, expected: SIMD2<Float>
  ) -> (motion: GroupMotion, kept: [Path])? {
    // It has been growing and turning with the camera as well.
    let growth = lostFrames == 0 ? motion.growth : 0
    let guesses = patches.map { $0 + expected + growth * ($0 - start.centre) }
    let aligner = PatchAligner()
    func paths(_ lights: [Float]) -> [Path] {
      patches.indices.compactMap { index in
        let match = aligner.align(
          patches[index], from: picture, to: next, guess: guesses[index], coarsest: 1, light: lights[index])
        guard let match, match.residual < 12 else { return nil }
        return Path(then: patches[index], now: match.position)
      }
    }
    func common(_ paths: [Path]) -> (motion: GroupMotion, kept: [Path])? {
      guard let found = Self.motion(paths, centre: start.centre, expected: expected),
        found.kept.count >= (lostFrames == 0 ? 3 : max(3, patches.count / 3))
      else { return nil }
      return found
    }
    if let found = common(paths(Array(repeating: 1, count: patches.count))) { return found }
    // Of what may be nothing it does not matter.
    guard isShown else { return nil }
    let lights = zip(Self.brightness(picture, patches), Self.brightness(next, guesses)).map { $0 / $1 }
    guard lights.contains(where: { $0 < 0.8 || $0 > 1.25 }) else { return nil }
    return common(paths(lights.map { min(max($0, 0.4), 2.5) }))
  }

  /// How bright patches are, grey levels above black.
  private static func brightness(_ picture: WorkingPicture, _ places: [SIMD2<Float>]) -> [Float] {
    let offsets = (-1...1).flatMap { y in (-1...1).map { SIMD2(Float($0), Float(y)) * 3 } }
    return picture.withReader { reader in
      places.map { place in
        let values = offsets.compactMap { reader.brightness(place + $0) }
        return max(values.reduce(0, +) / Float(max(values.count, 1)) - 16, 4)
      }
    }
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
