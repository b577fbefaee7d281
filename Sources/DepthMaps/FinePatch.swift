/// What the surroundings of a pixel of the reference look like in a neighbour, at full size: 7×7 pixels, of which those
/// in the middle weigh most.
struct FinePatch {
  static let side = 7
  /// How far the patch reaches from its centre.
  static let radius = 3
  /// Least weighted variance, squared grey levels.
  private static let minimalVariance: Float = 4

  /// Weight times brightness, freed of the mean and of the scale; a row each.
  private let rows: UnsafeMutablePointer<SIMD8<Float>>
  private let weights: UnsafePointer<SIMD8<Float>>
  private let weightSum: Float

  /// - Parameters:
  ///   - rows: memory for ``side`` rows.
  ///   - window: outlives the patch.
  init(rows: UnsafeMutablePointer<SIMD8<Float>>, window: PatchWindow) {
    self.rows = rows
    weights = UnsafePointer(window.weights)
    weightSum = window.sum
  }

  /// Takes over what is around a pixel.
  /// - Parameters:
  ///   - image: the reference.
  ///   - centre: the pixel, far enough from the edge for the patch.
  ///   - x: what a step of one column in the neighbour is in the reference.
  ///   - y: what a step of one row in the neighbour is in the reference.
  /// - Returns: whether there is anything to compare.
  func take(
    _ image: UnsafePointer<Float>, _ stride: Int, _ centre: SIMD2<Float>, x: SIMD2<Float>, y: SIMD2<Float>
  ) -> Bool {
    if x == SIMD2(1, 0), y == SIMD2(0, 1) {
      let corner = image + ((Int(centre.y) - Self.radius) * stride + Int(centre.x) - Self.radius)
      for row in 0..<Self.side { rows[row] = load8(corner + row * stride) }
    } else {
      for row in 0..<Self.side {
        let start = centre + Float(row - Self.radius) * y - Float(Self.radius) * x
        for lane in 0..<Self.side {
          let place = start + Float(lane) * x
          rows[row][lane] = interpolated(image, stride, place.x, place.y)
        }
      }
    }
    var (sum, squares) = (SIMD8<Float>.zero, SIMD8<Float>.zero)
    for row in 0..<Self.side {
      let weighted = weights[row] * rows[row]
      sum += weighted
      squares += weighted * rows[row]
    }
    let mean = sum.sum() / weightSum
    let energy = squares.sum() - mean * mean * weightSum
    guard energy >= Self.minimalVariance * weightSum else { return false }
    let factor = 1 / energy.squareRoot()
    for row in 0..<Self.side { rows[row] = (rows[row] - mean) * factor * weights[row] }
    return true
  }

  /// The correlation with the surroundings of a place in the neighbour, −1…1.
  /// - Parameter centre: at least 3 pixels from the left and upper edge, and 6 from the others.
  func correlation(_ image: UnsafePointer<Float>, _ stride: Int, _ centre: SIMD2<Float>) -> Float {
    let (column, row) = (Int(centre.x), Int(centre.y))
    let (right, down) = (centre.x - Float(column), centre.y - Float(row))
    var corner = image + ((row - Self.radius) * stride + column - Self.radius)
    @inline(__always)
    func across(_ corner: UnsafePointer<Float>) -> SIMD8<Float> {
      let left = load8(corner)
      return left + right * (load8(corner + 1) - left)
    }
    var above = across(corner)
    var (sum, squares, product) = (SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero)
    for index in 0..<Self.side {
      corner += stride
      let below = across(corner)
      let values = above + down * (below - above)
      above = below
      let weighted = weights[index] * values
      sum += weighted
      squares += weighted * values
      product += rows[index] * values
    }
    let total = sum.sum()
    let energy = squares.sum() - total * total / weightSum
    guard energy > weightSum else { return -1 }
    return product.sum() / energy.squareRoot()
  }
}

/// How much each pixel of a ``FinePatch`` weighs: a Gaussian of two pixels' deviation, so that what is far from the
/// centre, and may be another surface, counts less. Rows have an eighth column, which does not count.
struct PatchWindow {
  let weights: UnsafeMutablePointer<SIMD8<Float>>
  let sum: Float

  init() {
    let profile = SIMD8<Float>(0.324_652, 0.606_531, 0.882_497, 1, 0.882_497, 0.606_531, 0.324_652, 0)
    weights = .allocate(capacity: FinePatch.side)
    for row in 0..<FinePatch.side { (weights + row).initialize(to: profile * profile[row]) }
    sum = profile.sum() * profile.sum()
  }

  func deallocate() { weights.deallocate() }
}
