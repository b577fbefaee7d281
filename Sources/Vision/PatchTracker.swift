/// Follows small patches from one picture to the next, coarse to fine.
///
/// Inverse-compositional Lucas–Kanade for translation, with gain and bias of brightness, so that exposure may change.
/// Source: Baker, Matthews 2004, "Lucas-Kanade 20 years on", parts 1 and 3.
public struct PatchTracker: Sendable {
  /// Side of the patch, pixels; even.
  public static let side = 16
  /// Iterations on each level.
  public var iterations = 12
  /// Steps shorter than this end the iteration, pixels.
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
    var estimate = guess
    var found: Match?
    for level in stride(from: min(coarsest, previous.levels.count - 1, next.levels.count - 1), through: 0, by: -1) {
      guard
        let patch = PatchTemplate(
          previous.levels[level], centre: ImagePyramid.position(position, onLevel: level))
      else {
        // The patch does not fit into this level; a finer one may hold it.
        if level == 0 { return nil }
        continue
      }
      let start = ImagePyramid.position(estimate, onLevel: level)
      guard let match = align(patch, in: next.levels[level], start: start) else {
        if level == 0 { return nil }
        continue
      }
      estimate = ImagePyramid.basePosition(match.position, fromLevel: level)
      found = Match(position: estimate, residual: match.residual)
    }
    guard let found, found.residual <= maximalResidual else { return nil }
    return found
  }

  /// Moves a patch over one image until it fits.
  func align(_ patch: PatchTemplate, in image: GreyImage, start: SIMD2<Float>) -> Match? {
    var position = start
    var residual: Float = .infinity
    for _ in 0..<iterations {
      guard let sums = patch.sums(in: image, at: position) else { return nil }
      residual = sums.residual
      position -= sums.step
      let offset = position - start
      guard (offset * offset).sum() < Float(Self.side * Self.side) else { return nil }
      if (sums.step * sums.step).sum() < tolerance * tolerance { break }
    }
    return Match(position: position, residual: residual)
  }
}

/// A patch of one image with what alignment needs of it: its values without their mean, its gradients and the
/// inverse of their structure tensor.
struct PatchTemplate {
  private static let side = PatchTracker.side
  private static let count = Float(side * side)

  private var values: [Float]
  private var gradientsX: [Float]
  private var gradientsY: [Float]
  /// Sum of squares of `values`.
  private let energy: Float
  /// Inverse of the gradients' 2×2 structure tensor: xx, xy, yy.
  private let inverseTensor: SIMD3<Float>

  /// - Returns: `nil` when the patch does not lie inside the image, or has no texture in some direction.
  init?(_ image: GreyImage, centre: SIMD2<Float>) {
    let (side, rim) = (Self.side, Self.side + 2)
    // One pixel more around for the gradients.
    guard let wide = Self.samples(image, corner: centre - Float(side / 2) + 0.5 - 1, side: rim) else { return nil }
    values = [Float](repeating: 0, count: side * side)
    gradientsX = values
    gradientsY = values
    var sum: Float = 0
    for y in 0..<side {
      for x in 0..<side {
        let at = (y + 1) * rim + x + 1
        values[y * side + x] = wide[at]
        gradientsX[y * side + x] = (wide[at + 1] - wide[at - 1]) / 2
        gradientsY[y * side + x] = (wide[at + rim] - wide[at - rim]) / 2
        sum += wide[at]
      }
    }
    let mean = sum / Self.count
    let meanX = gradientsX.reduce(0, +) / Self.count
    let meanY = gradientsY.reduce(0, +) / Self.count
    var (xx, xy, yy, energy): (Float, Float, Float, Float) = (0, 0, 0, 0)
    for index in values.indices {
      values[index] -= mean
      // Gradients without their mean: a bias of brightness moves nothing.
      gradientsX[index] -= meanX
      gradientsY[index] -= meanY
      xx += gradientsX[index] * gradientsX[index]
      xy += gradientsX[index] * gradientsY[index]
      yy += gradientsY[index] * gradientsY[index]
      energy += values[index] * values[index]
    }
    let determinant = xx * yy - xy * xy
    let smaller = (xx + yy) / 2 - ((xx - yy) * (xx - yy) / 4 + xy * xy).squareRoot()
    guard smaller > 0.5 * Self.count, energy > 0 else { return nil }
    self.energy = energy
    inverseTensor = SIMD3(yy, -xy, xx) / determinant
  }

  /// The step that improves the position, and how much differs before it.
  func sums(in image: GreyImage, at centre: SIMD2<Float>) -> (step: SIMD2<Float>, residual: Float)? {
    let corner = centre - Float(Self.side / 2) + 0.5
    guard let samples = Self.samples(image, corner: corner, side: Self.side) else { return nil }
    let mean = samples.reduce(0, +) / Self.count
    var (cross, squares): (Float, Float) = (0, 0)
    for index in samples.indices {
      let sample = samples[index] - mean
      cross += sample * values[index]
      squares += sample * sample
    }
    // Gain that takes the sample to the template; nothing that resembles it has one outside a third to three.
    guard cross > 0, squares > 0 else { return nil }
    let gain = min(max(cross / squares, 1 / 3), 3)
    var (gx, gy, left): (Float, Float, Float) = (0, 0, 0)
    for index in samples.indices {
      let difference = gain * (samples[index] - mean) - values[index]
      gx += difference * gradientsX[index]
      gy += difference * gradientsY[index]
      left += difference * difference
    }
    let step = SIMD2(
      inverseTensor.x * gx + inverseTensor.y * gy, inverseTensor.y * gx + inverseTensor.z * gy)
    return (step, (left / Self.count).squareRoot())
  }

  /// Bilinear samples of a square, or `nil` where it is not inside the image.
  private static func samples(_ image: GreyImage, corner: SIMD2<Float>, side: Int) -> [Float]? {
    guard corner.x >= 0, corner.y >= 0, corner.x < Float(image.width - side - 1),
      corner.y < Float(image.height - side - 1)
    else { return nil }
    let (x0, y0) = (Int(corner.x), Int(corner.y))
    let (fx, fy) = (corner.x - Float(x0), corner.y - Float(y0))
    let (w00, w10, w01, w11) = ((1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy)
    return [Float](unsafeUninitializedCapacity: side * side) { target, count in
      image.pixels.withUnsafeBufferPointer { pixels in
        for y in 0..<side {
          var at = (y0 + y) * image.width + x0
          var upper = Float(pixels[at])
          var lower = Float(pixels[at + image.width])
          for x in 0..<side {
            at += 1
            let nextUpper = Float(pixels[at])
            let nextLower = Float(pixels[at + image.width])
            target.initializeElement(
              at: y * side + x, to: w00 * upper + w10 * nextUpper + w01 * lower + w11 * nextLower)
            (upper, lower) = (nextUpper, nextLower)
          }
        }
      }
      count = side * side
    }
  }
}
