/// Searches the depth of single pixels along their epipolar lines in several neighbours at once.
///
/// The search steps through inverse depths, and compares at each a smoothed 4×4 pattern around the pixel with where
/// the neighbours would show it, by zero-mean normalised cross-correlation, which gain and bias do not change. The
/// better half of the neighbours counts, so that the pixel may be hidden in the others.
struct EpipolarSearch {
  static let maximalNeighbours = 6

  let width: Int
  let height: Int
  /// Pictures behind one another, the reference first.
  let raw: UnsafePointer<UInt8>
  let smooth: UnsafePointer<UInt8>
  /// The point at z = 1 of each pixel of the reference.
  let rays: UnsafePointer<SIMD2<Float>>
  let lens: LensProjection
  let neighbours: UnsafeBufferPointer<NeighbourPose>
  let nearestInverseDepth: Float
  let farthestInverseDepth: Float
  let options: DepthOptions
  let scratch: SearchScratch

  /// What the search finds at a pixel.
  struct Match {
    var inverseDepth: Float
    var deviation: Float
    /// Mean correlation with the neighbours that agree.
    var similarity: Float
  }

  /// The epipolar line of a pixel in one neighbour, and how the surroundings of the pixel look there.
  struct Line {
    var direction: SIMD3<Float>
    /// ∂(pixel in neighbour)/∂(pixel in reference), two columns.
    var warpX: SIMD2<Float>
    var warpY: SIMD2<Float>
    /// Farthest that the warped pattern reaches from its centre, whole pixels.
    var reach: Int
    var isUsable: Bool
  }

  /// - Returns: `nil` where no depth stands out.
  func match(at pixel: Int) -> Match? {
    let (steps, usable) = prepareLines(pixel)
    let required = neighbours.count >= 3 ? 2 : 1
    guard usable >= required, let reference = ReferencePattern(smooth + pixel, width) else { return nil }
    let step = (nearestInverseDepth - farthestInverseDepth) / Float(steps - 1)
    for neighbour in 0..<neighbours.count where scratch.lines[neighbour].isUsable {
      correlateAlongLine(neighbour, reference, steps: steps, step: step)
    }
    let counted = max((usable + 1) / 2, required)
    guard let best = bestStep(steps: steps, counted: counted) else { return nil }
    return refine(pixel, around: farthestInverseDepth + Float(best) * step, step: step, index: best, needed: required)
  }

  @inline(__always)
  private func point(_ neighbour: Int, _ direction: SIMD3<Float>, _ inverseDepth: Float) -> SIMD3<Float> {
    direction + inverseDepth * neighbours[neighbour].translation
  }

  /// Lays the epipolar lines.
  /// - Returns: how many inverse depths to try, and in how many neighbours it is worth it.
  private func prepareLines(_ pixel: Int) -> (steps: Int, usable: Int) {
    let gradient = imageGradient(smooth + pixel, width)
    let strength = (gradient * gradient).sum().squareRoot()
    let span = nearestInverseDepth - farthestInverseDepth
    let middle = (nearestInverseDepth + farthestInverseDepth) / 2
    var (fastest, usable) = (Float(0), 0)
    for neighbour in 0..<neighbours.count {
      scratch.lines[neighbour].isUsable = false
      let direction = neighbours[neighbour].direction(rays[pixel])
      let far = lens.project(point(neighbour, direction, farthestInverseDepth))
      let near = lens.project(point(neighbour, direction, nearestInverseDepth))
      guard far.x.isFinite, length(near - far) >= options.minimalLineLength else { continue }
      guard var line = line(neighbour, pixel, direction, inverseDepth: middle) else { continue }
      // A step along the line in the neighbour, taken back to the reference.
      let determinant = line.warpX.x * line.warpY.y - line.warpX.y * line.warpY.x
      let along = (near - far) / length(near - far)
      let back = SIMD2(line.warpY.y * along.x - line.warpY.x * along.y, line.warpX.x * along.y - line.warpX.y * along.x)
      let alignment = abs((gradient * back).sum()) / (length(back) * strength) * (determinant > 0 ? 1 : 0)
      guard alignment >= options.minimalAlignment else { continue }
      line.reach = layPattern(line, neighbour)
      line.isUsable = true
      scratch.lines[neighbour] = line
      usable += 1
      // Pixels per inverse depth are largest at one of the ends.
      let part = span / 64
      let atFar = length(lens.project(point(neighbour, direction, farthestInverseDepth + part)) - far)
      let atNear = length(lens.project(point(neighbour, direction, nearestInverseDepth - part)) - near)
      fastest = max(fastest, max(atFar, atNear) * 64)
    }
    let wanted = fastest.isFinite ? min(fastest, Float(options.maximalSteps)) : Float(options.maximalSteps)
    return (max(8, Int(wanted) + 1), usable)
  }

  /// The line with its warp at one inverse depth; `nil` where the neighbour sees the pixel's surroundings not, or much
  /// larger, smaller or mirrored.
  private func line(_ neighbour: Int, _ pixel: Int, _ direction: SIMD3<Float>, inverseDepth: Float) -> Line? {
    func seen(_ offset: Int) -> SIMD2<Float> {
      lens.project(point(neighbour, neighbours[neighbour].direction(rays[pixel + offset]), inverseDepth))
    }
    let warpX = (seen(2) - seen(-2)) / 4
    let warpY = (seen(2 * width) - seen(-2 * width)) / 4
    let determinant = warpX.x * warpY.y - warpX.y * warpY.x
    guard determinant > 0.3, determinant < 3, (warpX * warpX).sum() < 4, (warpY * warpY).sum() < 4 else { return nil }
    return Line(direction: direction, warpX: warpX, warpY: warpY, reach: 0, isUsable: false)
  }

  /// Writes where the pattern's pixels lie in memory, from its centre.
  private func layPattern(_ line: Line, _ neighbour: Int) -> Int {
    var reach: Float = 0
    var index = neighbour * ReferencePattern.count
    for y in 0..<4 {
      for x in 0..<4 {
        let offset = line.warpX * Float(2 * x - 3) + line.warpY * Float(2 * y - 3)
        let (dx, dy) = (offset.x.rounded(), offset.y.rounded())
        reach = max(reach, max(abs(dx), abs(dy)))
        scratch.offsets[index] = Int32(dy) * Int32(width) + Int32(dx)
        index += 1
      }
    }
    return Int(reach)
  }

  private func correlateAlongLine(_ neighbour: Int, _ reference: ReferencePattern, steps: Int, step: Float) {
    let line = scratch.lines[neighbour]
    let image = smooth + (neighbour + 1) * width * height
    let offsets = UnsafePointer(scratch.offsets) + neighbour * ReferencePattern.count
    let costs = scratch.costs + neighbour * scratch.stepCapacity
    let low = Float(line.reach + 1)
    let (right, bottom) = (Float(width - 2 - line.reach), Float(height - 2 - line.reach))
    for index in 0..<steps {
      let centre = lens.project(point(neighbour, line.direction, farthestInverseDepth + Float(index) * step))
      guard centre.x >= low, centre.y >= low, centre.x <= right, centre.y <= bottom else {
        costs[index] = .infinity
        continue
      }
      let start = Int(centre.y + 0.5) * width + Int(centre.x + 0.5)
      costs[index] = reference.dissimilarity(image + start, offsets)
    }
  }

  /// The one inverse depth that stands out, combining the `counted` best neighbours at each.
  private func bestStep(steps: Int, counted: Int) -> Int? {
    var (best, bestCost) = (-1, Float.infinity)
    for index in 0..<steps {
      let cost = combinedCost(index, counted)
      scratch.combined[index] = cost
      if cost < bestCost { (best, bestCost) = (index, cost) }
    }
    // A minimum at the end of the range is the slope of one outside.
    guard best > 0, best < steps - 1, bestCost <= 1.25 * (1 - options.minimalSimilarity) else { return nil }
    let limit = bestCost / options.uniqueness
    var index = 0
    while index < steps {
      if abs(index - best) > Self.peakHalfWidth, scratch.combined[index] < limit { return nil }
      index += 1
    }
    return best
  }

  /// Steps on either side of the best that belong to the same peak.
  private static let peakHalfWidth = 4

  /// Mean of the `counted` lowest costs at a step; infinite where fewer neighbours see the pixel.
  @inline(__always)
  private func combinedCost(_ index: Int, _ counted: Int) -> Float {
    var lowest = SIMD4<Float>(repeating: .infinity)
    for neighbour in 0..<neighbours.count where scratch.lines[neighbour].isUsable {
      var cost = scratch.costs[neighbour * scratch.stepCapacity + index]
      for place in 0..<counted where cost < lowest[place] { swap(&cost, &lowest[place]) }
    }
    var sum: Float = 0
    for place in 0..<counted { sum += lowest[place] }
    return sum / Float(counted)
  }
}

@inline(__always)
func length(_ v: SIMD2<Float>) -> Float { (v * v).sum().squareRoot() }

/// Memory that all pixels' searches share.
struct SearchScratch {
  /// One for each neighbour.
  let lines: UnsafeMutablePointer<EpipolarSearch.Line>
  /// Offsets of the pattern's pixels, for each neighbour.
  let offsets: UnsafeMutablePointer<Int32>
  /// Costs of each neighbour, `stepCapacity` apart.
  let costs: UnsafeMutablePointer<Float>
  let combined: UnsafeMutablePointer<Float>
  let stepCapacity: Int

  init(neighbours: Int, stepCapacity: Int) {
    self.stepCapacity = stepCapacity
    lines = .allocate(capacity: neighbours)
    lines.initialize(
      repeating: EpipolarSearch.Line(direction: .zero, warpX: .zero, warpY: .zero, reach: 0, isUsable: false),
      count: neighbours)
    offsets = .allocate(capacity: neighbours * ReferencePattern.count)
    offsets.initialize(repeating: 0, count: neighbours * ReferencePattern.count)
    costs = .allocate(capacity: neighbours * stepCapacity)
    costs.initialize(repeating: .infinity, count: neighbours * stepCapacity)
    combined = .allocate(capacity: stepCapacity)
    combined.initialize(repeating: .infinity, count: stepCapacity)
  }

  func deallocate() {
    lines.deallocate()
    offsets.deallocate()
    costs.deallocate()
    combined.deallocate()
  }
}
