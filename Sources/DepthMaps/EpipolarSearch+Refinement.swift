/// The second stage: in the pictures as taken, at fractions of a step and of a pixel.
extension EpipolarSearch {
  /// Offsets of the fine pattern: the 13 pixels of one colour of a 5×5 chessboard.
  private static let patternSize = 13

  /// - Parameters:
  ///   - start: inverse depth of the best step, `index` its number.
  ///   - needed: neighbours that have to agree with it.
  func refine(_ pixel: Int, around start: Float, step: Float, index: Int, needed: Int) -> Match? {
    var agreeing = 0
    for neighbour in 0..<neighbours.count where scratch.lines[neighbour].isUsable {
      let agrees = scratch.costs[neighbour * scratch.stepCapacity + index] <= 1.5 * (1 - options.minimalSimilarity)
      scratch.lines[neighbour].isUsable = agrees
      if agrees { agreeing += 1 }
    }
    guard agreeing >= needed, let reference = FinePattern(raw + pixel, width) else { return nil }
    var centre = start
    for attempt in 0..<2 {
      var costs = SIMD8<Float>(repeating: .infinity)
      for sample in 0..<5 {
        costs[sample] = meanCost(pixel, reference, centre + Float(sample - 2) * step / 2)
      }
      var best = 0
      for sample in 1..<5 where costs[sample] < costs[best] { best = sample }
      guard costs[best].isFinite else { return nil }
      if best == 0 || best == 4 {
        guard attempt == 0 else { return nil }
        centre += Float(best - 2) * step / 2
        continue
      }
      let (before, at, after) = (costs[best - 1], costs[best], costs[best + 1])
      let curvature = before - 2 * at + after
      guard at <= 1 - options.minimalSimilarity, before.isFinite, after.isFinite, curvature > 0 else { return nil }
      let inverseDepth = centre + (Float(best - 2) + (before - after) / (2 * curvature)) * step / 2
      guard inverseDepth > 0, let deviation = deviation(pixel, inverseDepth, step: step) else { return nil }
      return Match(inverseDepth: inverseDepth, deviation: deviation, similarity: 1 - at)
    }
    return nil
  }

  /// Mean over the neighbours that are still in use.
  private func meanCost(_ pixel: Int, _ reference: FinePattern, _ inverseDepth: Float) -> Float {
    var (sum, count) = (Float(0), Float(0))
    for neighbour in 0..<neighbours.count where scratch.lines[neighbour].isUsable {
      let line = scratch.lines[neighbour]
      let centre = lens.project(line.direction + inverseDepth * neighbours[neighbour].translation)
      let (right, bottom) = (Float(width - 7), Float(height - 7))
      guard centre.x >= 6, centre.y >= 6, centre.x < right, centre.y < bottom else { return .infinity }
      let image = raw + (neighbour + 1) * width * height
      sum += reference.dissimilarity(image, width, centre, line.warpX, line.warpY)
      count += 1
    }
    return sum / count
  }

  /// Standard deviation of the inverse depth: of each neighbour the error along its line in pixels, from poses and
  /// from the picture's noise, over the pixels per inverse depth; the neighbours' information adds up.
  ///
  /// Source: Engel, Sturm, Cremers 2013, "Semi-Dense Visual Odometry for a Monocular Camera", §2.2–2.3, eq. 5, 7, 8.
  private func deviation(_ pixel: Int, _ inverseDepth: Float, step: Float) -> Float? {
    let gradient = imageGradient(smooth + pixel, width)
    let strength = length(gradient)
    var information: Float = 0
    for neighbour in 0..<neighbours.count where scratch.lines[neighbour].isUsable {
      let line = scratch.lines[neighbour]
      let translation = neighbours[neighbour].translation
      let at = lens.project(line.direction + inverseDepth * translation)
      let speed = (lens.project(line.direction + (inverseDepth + step / 2) * translation) - at) / (step / 2)
      let pixelsPerInverseDepth = length(speed)
      guard pixelsPerInverseDepth > 0, strength > 0 else { continue }
      let along = speed / pixelsPerInverseDepth
      let determinant = line.warpX.x * line.warpY.y - line.warpX.y * line.warpY.x
      let back = SIMD2(line.warpY.y * along.x - line.warpY.x * along.y, line.warpX.x * along.y - line.warpX.y * along.x)
      let gradientAlong = (gradient * back).sum() / determinant
      let alignment = gradientAlong / strength
      let geometric = options.lineDeviation * options.lineDeviation / (alignment * alignment)
      let photometric = 2 * options.imageDeviation * options.imageDeviation / (gradientAlong * gradientAlong)
      information += pixelsPerInverseDepth * pixelsPerInverseDepth / (geometric + photometric)
    }
    guard information > 0, information.isFinite else { return nil }
    let deviation = 1 / information.squareRoot()
    return deviation <= options.maximalRelativeDeviation * inverseDepth ? deviation : nil
  }
}

/// The 13 pixels of one colour of a 5×5 chessboard around a pixel.
private struct FinePattern {
  private var values = SIMD16<Float>()
  private let energy: Float
  private static let count: Float = 13

  /// - Returns: `nil` where the pattern is uniform.
  init?(_ pixel: UnsafePointer<UInt8>, _ stride: Int) {
    var index = 0
    for y in -2...2 {
      for x in -2...2 where (x + y) & 1 == 0 {
        values[index] = Float(pixel[y * stride + x])
        index += 1
      }
    }
    let mean = values.sum() / Self.count
    for index in 0..<13 { values[index] -= mean }
    energy = (values * values).sum()
    guard energy >= ReferencePattern.minimalVariance * Self.count else { return nil }
  }

  /// 1 − zero-mean normalised cross-correlation with the warped surroundings of `centre`, which lie on the picture.
  @inline(__always)
  func dissimilarity(
    _ image: UnsafePointer<UInt8>, _ stride: Int, _ centre: SIMD2<Float>, _ warpX: SIMD2<Float>, _ warpY: SIMD2<Float>
  ) -> Float {
    var (sum, squares, product) = (Float(0), Float(0), Float(0))
    var index = 0
    for y in -2...2 {
      for x in -2...2 where (x + y) & 1 == 0 {
        let position = centre + Float(x) * warpX + Float(y) * warpY
        let (column, row) = (Int(position.x), Int(position.y))
        let (right, down) = (position.x - Float(column), position.y - Float(row))
        let corner = image + (row * stride + column)
        let top = Float(corner[0]) + right * (Float(corner[1]) - Float(corner[0]))
        let bottom = Float(corner[stride]) + right * (Float(corner[stride + 1]) - Float(corner[stride]))
        let value = top + down * (bottom - top)
        sum += value
        squares += value * value
        product += values[index] * value
        index += 1
      }
    }
    let other = squares - sum * sum / Self.count
    guard other > 1 else { return 2 }
    return 1 - product / (energy * other).squareRoot()
  }
}
