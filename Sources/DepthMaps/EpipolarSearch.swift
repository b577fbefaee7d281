/// Searches the depth of single pixels along their epipolar lines in several neighbours at once.
///
/// The search steps through inverse depths and compares at each the surroundings of the pixel with where the neighbours
/// would show it, by zero-mean normalised cross-correlation, which gain and bias do not change: first at half size along
/// the whole line, then at full size around the best. The two neighbours that fit best count, so that the pixel may be
/// hidden in the others. The reference's surroundings are warped once for each neighbour, so that the neighbour is read
/// row by row.
struct EpipolarSearch {
  static let maximalNeighbours = 4
  /// Inverse depths that are tried together: between their ends the epipolar line is taken to be straight.
  static let stride = 8

  let width: Int
  let height: Int
  let coarseWidth: Int
  let coarseHeight: Int
  /// Pictures behind one another, the reference first.
  let fine: UnsafePointer<Float>
  let coarse: UnsafePointer<Float>
  let inverseNorms: UnsafePointer<Float>
  /// The point at z = 1 of each pixel of the reference.
  let rays: UnsafePointer<SIMD2<Float>>
  let lens: LensProjection
  let neighbours: UnsafeBufferPointer<NeighbourPose>
  let options: DepthOptions
  let scratch: SearchScratch

  /// What the search finds at a pixel.
  struct Match {
    var inverseDepth: Float
    var deviation: Float
    /// Mean correlation with the neighbours that agree.
    var similarity: Float
    /// How many of the neighbours that see the pixel agree, as a share.
    var agreement: Float
  }

  /// The epipolar line of a pixel in one neighbour, and how the surroundings of the pixel look there.
  struct Line {
    /// Of the pixel's ray, in the neighbour's axes.
    var direction = SIMD3<Float>.zero
    /// ∂(pixel in reference)/∂(pixel in neighbour), two columns; near the identity it is the identity.
    var backX = SIMD2<Float>.zero
    var backY = SIMD2<Float>.zero
    var isUsable = false
    /// Whether the half-size picture left the neighbour in the running.
    var mayAgree = true
    /// Cosine of the angle between the picture's gradient and the line.
    var alignment: Float = 0
  }

  /// Which inverse depths are tried: `far + index · step`.
  struct Steps {
    var far: Float
    var step: Float
    /// A multiple of ``EpipolarSearch/stride``.
    var count: Int
    /// How far a step goes in the neighbour in which it goes farthest, pixels.
    var pixels: Float
  }

  /// How many neighbours have to agree.
  var required: Int { neighbours.count >= 3 ? 2 : 1 }

  /// - Returns: `nil` where no depth stands out.
  func match(x: Int, y: Int, gradient: SIMD2<Float>, in range: DepthRanges.Range) -> Match? {
    let (fastest, usable) = prepareLines(y * width + x, gradient, range, minimalLength: options.minimalLineLength)
    guard usable >= required else { return nil }
    let steps = steps(range, fastest: fastest)
    guard correlateCoarsely(SIMD2(Float(x), Float(y)), steps) >= required, let best = bestStep(steps) else {
      return nil
    }
    return refine(x: x, y: y, gradient: gradient, steps, best: best)
  }

  /// Lays the epipolar lines of a pixel.
  /// - Returns: pixels per inverse depth where it moves fastest, and how many neighbours are of use.
  func prepareLines(
    _ pixel: Int, _ gradient: SIMD2<Float>, _ range: DepthRanges.Range, minimalLength: Float
  ) -> (fastest: Float, usable: Int) {
    var (fastest, usable) = (Float(0), 0)
    for neighbour in 0..<neighbours.count {
      scratch.lines[neighbour].isUsable = false
      let speed = prepareLine(neighbour, pixel, gradient, range, minimalLength: minimalLength)
      guard speed > 0 else { continue }
      scratch.lines[neighbour].isUsable = true
      fastest = max(fastest, speed)
      usable += 1
    }
    return (fastest, usable)
  }

  @inline(__always)
  func seen(_ neighbour: Int, _ direction: SIMD3<Float>, _ inverseDepth: Float) -> SIMD2<Float> {
    lens.project(direction + inverseDepth * neighbours[neighbour].translation)
  }

  /// Two pixels of the picture for each step, as far as there are so many steps.
  private func steps(_ range: DepthRanges.Range, fastest: Float) -> Steps {
    let span = range.near - range.far
    let wanted = min(fastest * span / 2, Float(scratch.stepCapacity))
    let strides = max(1, (Int(wanted) + Self.stride - 1) / Self.stride)
    let count = min(strides * Self.stride, scratch.stepCapacity)
    return Steps(far: range.far, step: span / Float(count), count: count, pixels: fastest * span / Float(count))
  }

  /// Lays the epipolar line of a pixel.
  /// - Returns: pixels per inverse depth at the faster end; 0 where there is nothing to be seen.
  private func prepareLine(
    _ neighbour: Int, _ pixel: Int, _ gradient: SIMD2<Float>, _ range: DepthRanges.Range, minimalLength: Float
  ) -> Float {
    let pose = neighbours[neighbour]
    let direction = pose.direction(rays[pixel])
    let (far, near) = (seen(neighbour, direction, range.far), seen(neighbour, direction, range.near))
    let span = near - far
    let lineLength = length(span)
    // Not a number fails too.
    guard lineLength >= minimalLength else { return 0 }
    let middle = (range.near + range.far) / 2
    let side = 4
    let warpX =
      (seen(neighbour, pose.direction(rays[pixel + side]), middle)
        - seen(neighbour, pose.direction(rays[pixel - side]), middle)) / Float(2 * side)
    let warpY =
      (seen(neighbour, pose.direction(rays[pixel + side * width]), middle)
        - seen(neighbour, pose.direction(rays[pixel - side * width]), middle)) / Float(2 * side)
    let determinant = warpX.x * warpY.y - warpX.y * warpY.x
    // Much larger, smaller or mirrored it does not look alike.
    guard determinant > 0.4, determinant < 2.5, length(warpX) < 2, length(warpY) < 2 else { return 0 }
    var line = Line(
      direction: direction, backX: SIMD2(warpY.y, -warpX.y) / determinant,
      backY: SIMD2(-warpY.x, warpX.x) / determinant)
    let back = line.backX * span.x + line.backY * span.y
    line.alignment = abs((gradient * back).sum()) / (length(back) * length(gradient))
    guard line.alignment >= options.minimalAlignment else { return 0 }
    let (awayX, awayY) = (line.backX - SIMD2(1, 0), line.backY - SIMD2(0, 1))
    if (awayX * awayX + awayY * awayY).sum() < Self.negligibleWarp {
      (line.backX, line.backY) = (SIMD2(1, 0), SIMD2(0, 1))
    }
    scratch.lines[neighbour] = line
    // Pixels per inverse depth are largest at one of the ends.
    let part = (range.near - range.far) / 64
    let atFar = length(seen(neighbour, direction, range.far + part) - far)
    let atNear = length(seen(neighbour, direction, range.near - part) - near)
    let speed = max(atFar, atNear) / part
    return speed.isFinite ? speed : 0
  }

  /// Squared difference from the identity below which no warp is needed: it moves pixels at the
  /// patch's edge by less than a third of a pixel.
  private static let negligibleWarp: Float = 0.01

  /// Correlates along the lines at half size.
  /// - Returns: in how many neighbours.
  private func correlateCoarsely(_ pixel: SIMD2<Float>, _ steps: Steps) -> Int {
    let centre = (pixel + 0.5) / 2 - 0.5
    let upright = CoarsePatch(coarse, coarseWidth, centre, x: SIMD2(1, 0), y: SIMD2(0, 1))
    var usable = 0
    for neighbour in 0..<neighbours.count where scratch.lines[neighbour].isUsable {
      let line = scratch.lines[neighbour]
      let isUpright = line.backX == SIMD2(1, 0) && line.backY == SIMD2(0, 1)
      let patch = isUpright ? upright : CoarsePatch(coarse, coarseWidth, centre, x: line.backX, y: line.backY)
      guard let patch else {
        scratch.lines[neighbour].isUsable = false
        continue
      }
      correlate(patch, neighbour, line, steps)
      usable += 1
    }
    return usable
  }

  private func correlate(_ patch: CoarsePatch, _ neighbour: Int, _ line: Line, _ steps: Steps) {
    let offset = (neighbour + 1) * coarseWidth * coarseHeight
    let (image, norms) = (coarse + offset, inverseNorms + offset)
    let correlations = scratch.correlations + neighbour * scratch.stepCapacity
    // Corners whose 4×4 pixels are on the picture; half a pixel is added, so that cutting off rounds.
    let (right, bottom) = (Float(coarseWidth - 3), Float(coarseHeight - 3))
    var from = corner(neighbour, line, steps.far)
    for start in Swift.stride(from: 0, to: steps.count, by: Self.stride) {
      let to = corner(neighbour, line, steps.far + Float(start + Self.stride) * steps.step)
      let delta = (to - from) / Float(Self.stride)
      for index in 0..<Self.stride {
        let corner = from + Float(index) * delta
        guard corner.x >= 0, corner.y >= 0, corner.x < right, corner.y < bottom else {
          correlations[start + index] = -1
          continue
        }
        let place = Int(corner.y) * coarseWidth + Int(corner.x)
        correlations[start + index] = patch.product(image + place, coarseWidth) * norms[place]
      }
      from = to
    }
  }

  /// Where the patch's first pixel is at half size, and half a pixel.
  @inline(__always)
  private func corner(_ neighbour: Int, _ line: Line, _ inverseDepth: Float) -> SIMD2<Float> {
    (seen(neighbour, line.direction, inverseDepth) + 0.5) / 2 - 1.5
  }

  /// The one inverse depth that stands out, by the mean of the best one or two neighbours at each.
  private func bestStep(_ steps: Steps) -> Int? {
    combine(steps)
    let combined = scratch.combined
    var (best, highest) = (-1, -Float.infinity)
    for index in 0..<steps.count where combined[index] > highest { (best, highest) = (index, combined[index]) }
    // A maximum at the end of the range is the slope of one outside.
    guard best > 0, best < steps.count - 1, highest >= options.minimalCoarseSimilarity else { return nil }
    let limit = 1 - (1 - highest) / options.uniqueness
    // Within six pixels it is the same peak.
    let peak = max(2, Int((6 / max(steps.pixels, 0.5)).rounded(.up)))
    for index in 0..<max(best - peak, 0) where combined[index] > limit { return nil }
    for index in min(best + peak + 1, steps.count)..<steps.count where combined[index] > limit { return nil }
    return best
  }

  private func combine(_ steps: Steps) {
    let isOneEnough = required == 1
    for start in Swift.stride(from: 0, to: steps.count, by: Self.stride) {
      var (first, second) = (SIMD8<Float>(repeating: -1), SIMD8<Float>(repeating: -1))
      for neighbour in 0..<neighbours.count where scratch.lines[neighbour].isUsable {
        let values = load8(scratch.correlations + (neighbour * scratch.stepCapacity + start))
        let isHigher = values .> first
        let lower = values.replacing(with: first, where: isHigher)
        first.replace(with: values, where: isHigher)
        second.replace(with: lower, where: lower .> second)
      }
      let mean = isOneEnough ? first : (first + second) / 2
      UnsafeMutableRawPointer(scratch.combined + start).storeBytes(of: mean, as: SIMD8<Float>.self)
    }
  }
}

@inline(__always)
func length(_ v: SIMD2<Float>) -> Float { (v * v).sum().squareRoot() }

/// Memory that all pixels' searches share.
struct SearchScratch {
  /// One for each neighbour.
  let lines: UnsafeMutablePointer<EpipolarSearch.Line>
  /// Correlations at half size, of one neighbour `stepCapacity` behind those of the last.
  let correlations: UnsafeMutablePointer<Float>
  /// The neighbours together.
  let combined: UnsafeMutablePointer<Float>
  /// Rows of the fine patches, ``FinePatch/side`` for each neighbour.
  let patchRows: UnsafeMutablePointer<SIMD8<Float>>
  let window = PatchWindow()
  /// A multiple of ``EpipolarSearch/stride``.
  let stepCapacity: Int

  init(neighbours: Int, stepCapacity: Int) {
    self.stepCapacity = stepCapacity
    lines = .allocate(capacity: neighbours)
    lines.initialize(repeating: EpipolarSearch.Line(), count: neighbours)
    correlations = .allocate(capacity: neighbours * stepCapacity)
    correlations.initialize(repeating: -1, count: neighbours * stepCapacity)
    combined = .allocate(capacity: stepCapacity)
    combined.initialize(repeating: -1, count: stepCapacity)
    patchRows = .allocate(capacity: neighbours * FinePatch.side)
    patchRows.initialize(repeating: .zero, count: neighbours * FinePatch.side)
  }

  func deallocate() {
    lines.deallocate()
    correlations.deallocate()
    combined.deallocate()
    patchRows.deallocate()
    window.deallocate()
  }
}
