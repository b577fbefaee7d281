/// A 4×4 pattern of pixels, two apart, around a pixel of the reference, ready to be correlated.
struct ReferencePattern {
  static let count = 16
  /// Least variance of a pattern, squared grey levels: below it there is only noise to compare.
  static let minimalVariance: Float = 6

  private let values: SIMD16<Float>
  /// `Σ v²` of the values, whose mean is taken off.
  private let energy: Float

  /// - Parameter pixel: at least 3 pixels from the picture's edge.
  /// - Returns: `nil` where the pattern is uniform.
  init?(_ pixel: UnsafePointer<UInt8>, _ stride: Int) {
    var values = SIMD16<Float>()
    for y in 0..<4 {
      for x in 0..<4 { values[4 * y + x] = Float(pixel[(2 * y - 3) * stride + 2 * x - 3]) }
    }
    values -= values.sum() / Float(Self.count)
    let energy = (values * values).sum()
    guard energy >= Self.minimalVariance * Float(Self.count) else { return nil }
    self.values = values
    self.energy = energy
  }

  /// 1 − zero-mean normalised cross-correlation, 0…2, with the pixels at `offsets` from `centre`.
  @inline(__always)
  func dissimilarity(_ centre: UnsafePointer<UInt8>, _ offsets: UnsafePointer<Int32>) -> Float {
    var (sum, squares) = (Int32(0), Int32(0))
    var product: Float = 0
    for index in 0..<Self.count {
      let value = Int32(centre[Int(offsets[index])])
      sum &+= value
      squares &+= value &* value
      product += values[index] * Float(value)
    }
    let other = Float(squares) - Float(sum) * Float(sum) / Float(Self.count)
    guard other >= Self.minimalVariance * Float(Self.count) / 2 else { return 2 }
    return 1 - product / (energy * other).squareRoot()
  }
}
