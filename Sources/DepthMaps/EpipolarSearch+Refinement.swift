/// The second stage: at full size, around the best step.
extension EpipolarSearch {
  /// How many times the search follows a rising correlation, a pixel each.
  private static let maximalMoves = 3

  /// - Parameter best: the step that stands out at half size.
  func refine(x: Int, y: Int, gradient: SIMD2<Float>, _ steps: Steps, best: Int) -> Match? {
    let part = Self.vertex(scratch.combined[best - 1], scratch.combined[best], scratch.combined[best + 1])
    let start = steps.far + (Float(best) + part) * steps.step
    for neighbour in 0..<neighbours.count where scratch.lines[neighbour].isUsable {
      let correlation = scratch.correlations[neighbour * scratch.stepCapacity + best]
      scratch.lines[neighbour].mayAgree = correlation >= Self.leastCorrelation
    }
    return climb(x: x, y: y, gradient: gradient, from: start, step: steps.step / max(steps.pixels, 1e-3))
  }

  /// The depth of a pixel that is about as far away as another beside it.
  /// - Parameter inverseDepth: of the pixel beside it.
  func match(x: Int, y: Int, gradient: SIMD2<Float>, near inverseDepth: Float) -> Match? {
    let range = DepthRanges.Range(far: 0.95 * inverseDepth, near: 1.05 * inverseDepth)
    let (fastest, usable) = prepareLines(y * width + x, gradient, range, minimalLength: 1e-3)
    guard usable >= required, fastest > 0 else { return nil }
    return climb(x: x, y: y, gradient: gradient, from: inverseDepth, step: 1 / fastest)
  }

  /// Follows the correlation at full size to its next maximum.
  /// - Parameter step: difference of inverse depth that is a pixel.
  private func climb(x: Int, y: Int, gradient: SIMD2<Float>, from start: Float, step: Float) -> Match? {
    let usable = (0..<neighbours.count).reduce(0) { $0 + (scratch.lines[$1].isUsable ? 1 : 0) }
    var centre = start
    let (agreeing, first) = takePatches(SIMD2(Float(x), Float(y)), at: start)
    guard agreeing >= required else { return nil }
    var (before, at, after) = (meanCorrelation(centre - step), first, meanCorrelation(centre + step))
    for move in 0... {
      if at >= before, at >= after { break }
      guard move < Self.maximalMoves else { return nil }
      if after > before {
        centre += step
        (before, at, after) = (at, after, meanCorrelation(centre + step))
      } else {
        centre -= step
        (before, at, after) = (meanCorrelation(centre - step), before, at)
      }
    }
    guard at >= options.minimalSimilarity, before >= -1, after >= -1 else { return nil }
    let inverseDepth = centre + Self.vertex(before, at, after) * step
    guard inverseDepth > 0, let deviation = deviation(gradient, inverseDepth, step: step) else { return nil }
    return Match(
      inverseDepth: inverseDepth, deviation: deviation, similarity: at, agreement: Float(agreeing) / Float(usable))
  }

  /// Where the parabola through three values has its top, −½…½ from the middle one.
  private static func vertex(_ before: Float, _ at: Float, _ after: Float) -> Float {
    let curvature = 2 * at - before - after
    return curvature > 0 ? min(max((after - before) / (2 * curvature), -0.5), 0.5) : 0
  }

  /// A neighbour that correlates less, at half or at full size, shows something else.
  private static let leastCorrelation: Float = 0.4

  /// Looks at the pixel at full size; neighbours that do not show it at this inverse depth are used no more.
  /// - Returns: how many show it, and their mean correlation.
  private func takePatches(_ pixel: SIMD2<Float>, at inverseDepth: Float) -> (agreeing: Int, mean: Float) {
    var (agreeing, sum) = (0, Float(0))
    for neighbour in 0..<neighbours.count where scratch.lines[neighbour].isUsable {
      let line = scratch.lines[neighbour]
      scratch.lines[neighbour].isUsable = false
      guard line.mayAgree, patch(neighbour).take(fine, width, pixel, x: line.backX, y: line.backY) else { continue }
      let correlation = correlation(neighbour, inverseDepth)
      guard correlation >= Self.leastCorrelation else { continue }
      scratch.lines[neighbour].isUsable = true
      agreeing += 1
      sum += correlation
    }
    return (agreeing, sum / Float(max(agreeing, 1)))
  }

  @inline(__always)
  private func patch(_ neighbour: Int) -> FinePatch {
    FinePatch(rows: scratch.patchRows + neighbour * FinePatch.side, window: scratch.window)
  }

  /// Below −1 where the neighbour does not see the place.
  @inline(__always)
  private func correlation(_ neighbour: Int, _ inverseDepth: Float) -> Float {
    let place = seen(neighbour, scratch.lines[neighbour].direction, inverseDepth)
    guard place.x >= 3, place.y >= 3, place.x < Float(width - 6), place.y < Float(height - 6) else { return -2 }
    return patch(neighbour).correlation(fine + (neighbour + 1) * width * height, width, place)
  }

  /// Mean over the neighbours that are still in use; below −1 where one of them does not see the place.
  private func meanCorrelation(_ inverseDepth: Float) -> Float {
    var (sum, count) = (Float(0), Float(0))
    for neighbour in 0..<neighbours.count where scratch.lines[neighbour].isUsable {
      let correlation = correlation(neighbour, inverseDepth)
      guard correlation >= -1 else { return -2 }
      sum += correlation
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
