/// Follows small patches from one picture to the next, coarse to fine.
///
/// Inverse-compositional Lucas–Kanade for translation, with gain and bias of brightness, so that exposure may change.
/// Source: Baker, Matthews 2004, "Lucas-Kanade 20 years on", parts 1 and 3.
public struct PatchTracker: Sendable {
  /// Side of the patch, pixels; a multiple of 4.
  public static let side = 16
  /// Iterations on each level.
  public var iterations = 10
  /// Steps shorter than this end the iteration on level 0, pixels.
  public var tolerance: Float = 0.01
  /// Greatest difference that is left, root of the mean square over the patch, grey levels.
  public var maximalResidual: Float = 14

  public init() {}

  /// Where a patch was found.
  public struct Match: Hashable, Sendable {
    /// Pixels on level 0.
    public var position: SIMD2<Float>
    /// Root mean square of what differs after gain and bias, grey levels.
    public var residual: Float
    /// Correlation of the patch with what was found, −1…1: what remains of likeness whatever the contrast.
    public var correlation: Float
  }

  /// Finds in `next` what is around `position` in `previous`.
  /// - Parameters:
  ///   - position: centre of the patch, pixels on level 0.
  ///   - guess: where it is expected in `next`, pixels on level 0.
  ///   - coarsest: level to start on; levels that do not exist are left out.
  /// - Returns: `nil` when the patch leaves the picture, has no texture, or differs too much where it ends.
  public func track(
    _ position: SIMD2<Float>, from previous: ImagePyramid, to next: ImagePyramid, guess: SIMD2<Float>,
    coarsest: Int = 3
  ) -> Match? {
    PatchTemplate(previous, centre: position).flatMap { track($0, to: next, guess: guess, coarsest: coarsest) }
  }

  /// Finds in `next` what `template` shows.
  /// - Parameters:
  ///   - warp: how the patch is turned and scaled since the template was taken.
  ///   - guess: where it is expected in `next`, pixels on level 0.
  ///   - coarsest: level to start on; levels that do not exist are left out.
  /// - Returns: `nil` when the patch leaves the picture, has no texture, or differs too much where it ends.
  public func track(
    _ template: PatchTemplate, warp: PatchWarp = .identity, to next: ImagePyramid, guess: SIMD2<Float>,
    coarsest: Int = 3
  ) -> Match? {
    var found: Match?
    var estimate = guess
    withUnsafeTemporaryAllocation(of: Float.self, capacity: PreparedPatch.scratchCount) { scratch in
      guard let memory = scratch.baseAddress else { return }
      for level in stride(from: min(coarsest, template.regions.count - 1, next.levels.count - 1), through: 0, by: -1) {
        // A patch that does not fit into this level may fit into a finer one.
        guard let patch = PreparedPatch(template, level: level, warp: warp, memory: memory),
          let match = align(
            patch, in: next.planes[level], start: ImagePyramid.position(estimate, onLevel: level),
            // The next level goes on from here, a fifth of a pixel will do.
            tolerance: level == 0 ? tolerance : 0.2)
        else {
          found = nil
          continue
        }
        estimate = ImagePyramid.basePosition(match.position, fromLevel: level)
        found = Match(position: estimate, residual: match.residual, correlation: match.correlation)
      }
    }
    guard let found, found.residual <= maximalResidual else { return nil }
    return found
  }

  /// Moves a patch over one level until it fits.
  private func align(_ patch: PreparedPatch, in plane: BrightnessPlane, start: SIMD2<Float>, tolerance: Float)
    -> Match?
  {
    plane.values.withUnsafeBufferPointer { values in
      var match = Match(position: start, residual: .infinity, correlation: -1)
      for _ in 0..<iterations {
        guard let comparison = patch.compare(values, plane.width, plane.height, at: match.position) else { return nil }
        match.position -= comparison.step
        (match.residual, match.correlation) = (comparison.residual, comparison.correlation)
        let offset = match.position - start
        guard (offset * offset).sum() < Float(Self.side * Self.side) else { return nil }
        if (comparison.step * comparison.step).sum() < tolerance * tolerance { break }
      }
      return match
    }
  }
}

/// A patch with what alignment needs of it: its values without their mean, its gradients and the inverse of their
/// structure tensor. Lives in memory that is lent.
private struct PreparedPatch {
  private typealias Lane = SIMD4<Float>
  private static let side = PatchTracker.side
  private static let rim = side + 2
  private static let count = Float(side * side)
  /// Numbers that must be lent.
  static let scratchCount = 3 * side * side + rim * rim

  private let values: UnsafeMutablePointer<Float>
  private let gradientsX: UnsafeMutablePointer<Float>
  private let gradientsY: UnsafeMutablePointer<Float>
  private let mean: Float
  /// Sum of squares of `values`.
  private let energy: Float
  /// Sums of `values` times gradients.
  private let valueGradient: SIMD2<Float>
  /// Inverse of the gradients' 2×2 structure tensor: xx, xy, yy.
  private let inverseTensor: SIMD3<Float>

  /// - Returns: `nil` when the patch does not lie inside the template, or has no texture in some direction.
  init?(_ template: PatchTemplate, level: Int, warp: PatchWarp, memory: UnsafeMutablePointer<Float>) {
    let (side, rim, area) = (Self.side, Self.rim, Self.side * Self.side)
    (values, gradientsX, gradientsY) = (memory, memory + area, memory + 2 * area)
    // One pixel more around for the gradients.
    let wide = memory + 3 * area
    guard template.sample(level: level, warp: warp, side: rim, into: wide) else { return nil }
    var (sum, sumX, sumY) = (Lane.zero, Lane.zero, Lane.zero)
    for y in 0..<side {
      for x in stride(from: 0, to: side, by: 4) {
        let at = wide + ((y + 1) * rim + x + 1)
        let value = Self.load(at)
        let gradientX = (Self.load(at + 1) - Self.load(at - 1)) * 0.5
        let gradientY = (Self.load(at + rim) - Self.load(at - rim)) * 0.5
        let target = y * side + x
        Self.store(value, values + target)
        Self.store(gradientX, gradientsX + target)
        Self.store(gradientY, gradientsY + target)
        sum += value
        sumX += gradientX
        sumY += gradientY
      }
    }
    mean = sum.sum() / Self.count
    let (meanX, meanY) = (sumX.sum() / Self.count, sumY.sum() / Self.count)
    var (xx, xy, yy) = (Lane.zero, Lane.zero, Lane.zero)
    var (squares, valueX, valueY) = (Lane.zero, Lane.zero, Lane.zero)
    for at in stride(from: 0, to: area, by: 4) {
      let value = Self.load(values + at) - mean
      // Gradients without their mean: a bias of brightness moves nothing.
      let gradientX = Self.load(gradientsX + at) - meanX
      let gradientY = Self.load(gradientsY + at) - meanY
      Self.store(value, values + at)
      Self.store(gradientX, gradientsX + at)
      Self.store(gradientY, gradientsY + at)
      xx += gradientX * gradientX
      xy += gradientX * gradientY
      yy += gradientY * gradientY
      squares += value * value
      valueX += value * gradientX
      valueY += value * gradientY
    }
    let (a, b, c) = (xx.sum(), xy.sum(), yy.sum())
    energy = squares.sum()
    valueGradient = SIMD2(valueX.sum(), valueY.sum())
    inverseTensor = SIMD3(c, -b, a) / (a * c - b * b)
    let smaller = (a + c) / 2 - ((a - c) * (a - c) / 4 + b * b).squareRoot()
    guard smaller > 0.5 * Self.count, energy > 0 else { return nil }
  }

  /// How a picture differs from the patch at one place.
  struct Comparison {
    /// What to take off the place, pixels.
    var step: SIMD2<Float>
    var residual: Float
    var correlation: Float
  }

  /// - Returns: `nil` where the patch is not inside the picture, or nothing resembles it.
  func compare(_ picture: UnsafeBufferPointer<Float>, _ width: Int, _ height: Int, at centre: SIMD2<Float>)
    -> Comparison?
  {
    let side = Self.side
    let corner = centre - Float(side - 1) / 2
    guard corner.x >= 0, corner.y >= 0, corner.x < Float(width - side - 1), corner.y < Float(height - side - 1),
      let base = picture.baseAddress
    else { return nil }
    let (x0, y0) = (Int(corner.x), Int(corner.y))
    let (fx, fy) = (corner.x - Float(x0), corner.y - Float(y0))
    var (sum, squares, cross) = (Lane.zero, Lane.zero, Lane.zero)
    var (crossX, crossY) = (Lane.zero, Lane.zero)
    for x in stride(from: 0, to: side, by: 4) {
      var row = base + (y0 * width + x0 + x)
      var upper = Self.load(row)
      upper += fx * (Self.load(row + 1) - upper)
      for y in 0..<side {
        row += width
        var lower = Self.load(row)
        lower += fx * (Self.load(row + 1) - lower)
        // Less the template's mean, so that sums stay small and keep their digits.
        let sample = upper + fy * (lower - upper) - mean
        upper = lower
        let at = y * side + x
        sum += sample
        squares += sample * sample
        cross += sample * Self.load(values + at)
        crossX += sample * Self.load(gradientsX + at)
        crossY += sample * Self.load(gradientsY + at)
      }
    }
    let offset = sum.sum() / Self.count
    let spread = squares.sum() - Self.count * offset * offset
    let likeness = cross.sum()
    // Gain that takes the sample to the template; nothing that resembles it has one outside a third to three.
    guard likeness > 0, spread > 0 else { return nil }
    let gain = min(max(likeness / spread, 1 / 3), 3)
    let g = gain * SIMD2(crossX.sum(), crossY.sum()) - valueGradient
    let left = gain * gain * spread - 2 * gain * likeness + energy
    return Comparison(
      step: SIMD2(
        inverseTensor.x * g.x + inverseTensor.y * g.y, inverseTensor.y * g.x + inverseTensor.z * g.y),
      residual: (max(left, 0) / Self.count).squareRoot(), correlation: likeness / (spread * energy).squareRoot())
  }

  private static func load(_ pointer: UnsafePointer<Float>) -> Lane {
    UnsafeRawPointer(pointer).loadUnaligned(as: Lane.self)
  }

  private static func store(_ lane: Lane, _ pointer: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(pointer).storeBytes(of: lane, as: Lane.self)
  }
}
