/// Finds where a patch is together with how it is sheared and stretched.
///
/// A patch that may only move has to be warped beforehand as the surface demands. Of a slanted surface that warp is not
/// known well, and what of the patch has most texture then pulls the whole: on ground that the camera flies towards, the
/// nearer half, always outwards, so that everything looks a little nearer than it is. Here warp and place are found
/// together.
///
/// Source: Baker, Matthews 2004, "Lucas-Kanade 20 years on", part 1 (inverse compositional, affine warps).
struct AffineAlignment {
  /// Derivatives of a value by the six unknowns, and two zeros: the warp's xx, xy, yx, yy as pixels at the patch's edge,
  /// then x and y.
  private typealias Row = SIMD8<Float>

  private static let side = PatchTracker.side
  private static let half = Float(side - 1) / 2
  private static let unknowns = 6
  private static let iterations = 4
  /// Steps of which each moves less than this at the patch's edge end the iteration, pixels.
  private static let tolerance = 0.02
  /// A patch that is found farther than this from the start is another, pixels.
  private static let maximalShift: Float = 1.5
  /// Share of its diagonal entry that must be left of each pivot, or the patch does not tell how it is stretched.
  private static let minimalPivot = 0.02

  /// Less their mean.
  private let values: [Float]
  private let slopes: [Row]
  private let factor: [Double]

  /// - Parameter patch: as it was, with one more pixel around, row after row.
  /// - Returns: `nil` when it does not tell how it is stretched.
  init?(_ patch: UnsafePointer<Float>) {
    let (side, rim) = (Self.side, Self.side + 2)
    var values: [Float] = []
    var slopes: [Row] = []
    values.reserveCapacity(side * side)
    slopes.reserveCapacity(side * side)
    var (sum, slopeSum) = (Float.zero, Row.zero)
    for y in 0..<side {
      for x in 0..<side {
        let at = patch + ((y + 1) * rim + x + 1)
        let gradient = SIMD2(at[1] - at[-1], at[rim] - at[-rim]) * 0.5
        let place = (SIMD2(Float(x), Float(y)) - Self.half) / Self.half
        let row = Row(
          gradient.x * place.x, gradient.x * place.y, gradient.y * place.x, gradient.y * place.y, gradient.x,
          gradient.y, 0, 0)
        values.append(at[0])
        slopes.append(row)
        sum += at[0]
        slopeSum += row
      }
    }
    let (mean, slopeMean) = (sum / Float(side * side), slopeSum / Float(side * side))
    var normal = [Row](repeating: .zero, count: Self.unknowns)
    for index in values.indices {
      values[index] -= mean
      // Without their mean: a bias of brightness moves nothing.
      let row = slopes[index] - slopeMean
      slopes[index] = row
      for unknown in 0..<Self.unknowns { normal[unknown] += row * row[unknown] }
    }
    guard let factor = Self.factor(normal) else { return nil }
    (self.values, self.slopes, self.factor) = (values, slopes, factor)
  }

  /// The lower factor of Cholesky's, row after row.
  private static func factor(_ matrix: [Row]) -> [Double]? {
    var factor = [Double](repeating: 0, count: unknowns * unknowns)
    for i in 0..<unknowns {
      for j in 0...i {
        var value = Double(matrix[i][j])
        for k in 0..<j { value -= factor[i * unknowns + k] * factor[j * unknowns + k] }
        if i == j {
          guard value > minimalPivot * Double(matrix[i][i]) else { return nil }
          factor[i * unknowns + i] = value.squareRoot()
        } else {
          factor[i * unknowns + j] = value / factor[j * unknowns + j]
        }
      }
    }
    return factor
  }

  private func solve(_ right: Row) -> [Double] {
    let n = Self.unknowns
    var x = (0..<n).map { Double(right[$0]) }
    for i in 0..<n {
      for k in 0..<i { x[i] -= factor[i * n + k] * x[k] }
      x[i] /= factor[i * n + i]
    }
    for i in (0..<n).reversed() {
      for k in i + 1..<n { x[i] -= factor[k * n + i] * x[k] }
      x[i] /= factor[i * n + i]
    }
    return x
  }

  /// Where the patch is in a picture, pixels.
  /// - Returns: `nil` when it does not settle near `start`.
  func position(in plane: BrightnessPlane, start: SIMD2<Float>) -> SIMD2<Float>? {
    var (centre, warp) = (start, PatchWarp.identity)
    var samples = [Float](repeating: 0, count: values.count)
    for _ in 0..<Self.iterations {
      guard Self.sample(plane, centre, warp, into: &samples), let right = gradient(samples) else { return nil }
      let step = solve(right)
      // The step moves the patch as it was; its inverse moves the picture.
      let stretch = step[..<4].map { Float($0) / Self.half }
      guard let change = PatchWarp(inverting: SIMD2(1 + stretch[0], stretch[2]), SIMD2(stretch[1], 1 + stretch[3]))
      else { return nil }
      centre -= warp * (change * SIMD2(Float(step[4]), Float(step[5])))
      warp = warp * change
      let shift = centre - start
      guard (shift * shift).sum() < Self.maximalShift * Self.maximalShift else { return nil }
      if step.allSatisfy({ abs($0) < Self.tolerance }) { break }
    }
    return centre
  }

  /// Samples a picture where a warp takes the patch.
  /// - Returns: whether all of that lies inside.
  private static func sample(
    _ plane: BrightnessPlane, _ centre: SIMD2<Float>, _ warp: PatchWarp, into samples: inout [Float]
  ) -> Bool {
    let reach = half * SIMD2(abs(warp.xx) + abs(warp.xy), abs(warp.yx) + abs(warp.yy))
    let (low, high) = (centre - reach, centre + reach)
    guard low.x >= 0, low.y >= 0, high.x < Float(plane.width - 1), high.y < Float(plane.height - 1) else {
      return false
    }
    let width = plane.width
    plane.values.withUnsafeBufferPointer { picture in
      for index in samples.indices {
        let place = centre + warp * (SIMD2(Float(index % side), Float(index / side)) - half)
        let (x, y) = (Int(place.x), Int(place.y))
        let (fx, fy) = (place.x - Float(x), place.y - Float(y))
        let at = y * width + x
        let upper = picture[at] + fx * (picture[at + 1] - picture[at])
        let lower = picture[at + width] + fx * (picture[at + width + 1] - picture[at + width])
        samples[index] = upper + fy * (lower - upper)
      }
    }
    return true
  }

  /// Half the gradient, by the unknowns, of the squared difference that is left after gain and bias.
  /// - Returns: `nil` where nothing resembles the patch.
  private func gradient(_ samples: [Float]) -> Row? {
    let mean = samples.reduce(0, +) / Float(samples.count)
    var (likeness, spread) = (Float.zero, Float.zero)
    for (sample, value) in zip(samples, values) {
      likeness += (sample - mean) * value
      spread += (sample - mean) * (sample - mean)
    }
    guard likeness > 0, spread > 0 else { return nil }
    let gain = min(max(likeness / spread, 1 / 3), 3)
    var sum = Row.zero
    for index in slopes.indices { sum += slopes[index] * (gain * (samples[index] - mean) - values[index]) }
    return sum
  }
}

extension PatchWarp {
  fileprivate static func * (warp: PatchWarp, offset: SIMD2<Float>) -> SIMD2<Float> {
    SIMD2(warp.xx * offset.x + warp.xy * offset.y, warp.yx * offset.x + warp.yy * offset.y)
  }

  fileprivate static func * (a: PatchWarp, b: PatchWarp) -> PatchWarp {
    PatchWarp(
      xx: a.xx * b.xx + a.xy * b.yx, xy: a.xx * b.xy + a.xy * b.yy, yx: a.yx * b.xx + a.yy * b.yx,
      yy: a.yx * b.xy + a.yy * b.yy)
  }
}

extension PatchTracker {
  /// Improves the place of a patch that was found, by finding how it is sheared and stretched too.
  /// - Parameters:
  ///   - warp: how the patch is about turned and scaled since the template was taken.
  ///   - position: where it was found, pixels on level 0.
  /// - Returns: pixels on level 0; `nil` when the patch does not tell how it is stretched, or is not found nearby.
  /// - Complexity: some 10 µs.
  public func refine(
    _ template: PatchTemplate, warp: PatchWarp, in picture: ImagePyramid, at position: SIMD2<Float>
  ) -> SIMD2<Float>? {
    let rim = Self.side + 2
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: rim * rim) { patch in
      guard let patch = patch.baseAddress, template.sample(level: 0, warp: warp, side: rim, into: patch) else {
        return nil
      }
      return AffineAlignment(patch)?.position(in: picture.planes[0], start: position)
    }
  }
}
