/// The second stage: at full size, around the best step.
extension EpipolarSearch {
  /// How many times the search follows a rising correlation, a pixel each.
  private static let maximalMoves = 3

  /// - Parameters:
  ///   - best: the step that stands out at half size.
  ///   - required: neighbours that have to agree with it.
  func refine(x: Int, y: Int, gradient: SIMD2<Float>, _ steps: Steps, best: Int, required: Int) -> Match? {
    let around = SIMD4(scratch.combined[best - 1], scratch.combined[best], scratch.combined[best + 1], 0)
    let start = steps.far + (Float(best) + Self.vertex(around[0], around[1], around[2])) * steps.step
    let usable = (0..<neighbours.count).reduce(0) { $0 + (scratch.lines[$1].isUsable ? 1 : 0) }
    let agreeing = takePatches(SIMD2(Float(x), Float(y)), step: best)
    guard agreeing >= required else { return nil }
    let pixelStep = steps.step / max(steps.pixels, 1e-3)
    var centre = start
    var (before, at, after) = (
      meanCorrelation(centre - pixelStep), meanCorrelation(centre), meanCorrelation(centre + pixelStep)
    )
    for move in 0... {
      if at >= before, at >= after { break }
      guard move < Self.maximalMoves else { return nil }
      if after > before {
        centre += pixelStep
        (before, at, after) = (at, after, meanCorrelation(centre + pixelStep))
      } else {
        centre -= pixelStep
        (before, at, after) = (meanCorrelation(centre - pixelStep), before, at)
      }
    }
    guard at >= options.minimalSimilarity, before >= -1, after >= -1 else { return nil }
    let inverseDepth = centre + Self.vertex(before, at, after) * pixelStep
    guard inverseDepth > 0, let deviation = deviation(gradient, inverseDepth, step: pixelStep) else { return nil }
    return Match(
      inverseDepth: inverseDepth, deviation: deviation, similarity: at,
      agreement: Float(agreeing) / Float(usable))
  }

  /// Where the parabola through three values has its top, −½…½ from the middle one.
  private static func vertex(_ before: Float, _ at: Float, _ after: Float) -> Float {
    let curvature = 2 * at - before - after
    return curvature > 0 ? min(max((after - before) / (2 * curvature), -0.5), 0.5) : 0
  }

  /// Looks at the pixel at full size, for those neighbours that fit at half size; the others are used no more.
  /// - Returns: how many fit.
  private func takePatches(_ pixel: SIMD2<Float>, step: Int) -> Int {
    var agreeing = 0
    for neighbour in 0..<neighbours.count where scratch.lines[neighbour].isUsable {
      let line = scratch.lines[neighbour]
      let correlation = scratch.correlations[neighbour * scratch.stepCapacity + step]
      let patch = FinePatch(rows: scratch.patchRows + neighbour * FinePatch.side, window: scratch.window)
      let fits =
        correlation >= options.minimalCoarseSimilarity - 0.2
        && patch.take(fine, width, pixel, x: line.backX, y: line.backY)
      scratch.lines[neighbour].isUsable = fits
      if fits { agreeing += 1 }
    }
    return agreeing
  }

  /// Mean over the neighbours that are still in use; below −1 where one of them does not see the place.
  private func meanCorrelation(_ inverseDepth: Float) -> Float {
    let (right, bottom) = (Float(width - 6), Float(height - 6))
    var (sum, count) = (Float(0), Float(0))
    for neighbour in 0..<neighbours.count where scratch.lines[neighbour].isUsable {
      let place = seen(neighbour, scratch.lines[neighbour].direction, inverseDepth)
      guard place.x >= 3, place.y >= 3, place.x < right, place.y < bottom else { return -2 }
      let patch = FinePatch(rows: scratch.patchRows + neighbour * FinePatch.side, window: scratch.window)
      sum += patch.correlation(fine + (neighbour + 1) * width * height, width, place)
      count += 1
    }
    return sum / count
  }

  /// Standard deviation of the inverse depth: of each neighbour the error along its line in pixels, from poses and
  /// from the picture's noise, over the pixels per inverse depth; the neighbours' information adds up.
  ///
  /// Source: Engel, Sturm, Cremers 2013, "Semi-Dense Visual Odometry for a Monocular Camera", §2.2–2.3, eq. 5, 7, 8.
  private func deviation(_ gradient: SIMD2<Float>, _ inverseDepth: Float, step: Float) -> Float? {
    let strength = length(gradient)
    var information: Float = 0
    for neighbour in 0..<neighbours.count where scratch.lines[neighbour].isUsable {
      let line = scratch.lines[neighbour]
      let motion = seen(neighbour, line.direction, inverseDepth + step) - seen(neighbour, line.direction, inverseDepth)
      let pixelsPerInverseDepth = length(motion) / step
      let along = strength * line.alignment
      let geometric = options.lineDeviation * options.lineDeviation / (line.alignment * line.alignment)
      let photometric = 2 * options.imageDeviation * options.imageDeviation / (along * along)
      information += pixelsPerInverseDepth * pixelsPerInverseDepth / (geometric + photometric)
    }
    guard information > 0, information.isFinite else { return nil }
    let deviation = 1 / information.squareRoot()
    return deviation <= options.maximalRelativeDeviation * inverseDepth ? deviation : nil
  }
}
