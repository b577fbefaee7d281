/// What the surroundings of a pixel of the reference look like in a neighbour, at half size: 4×4 pixels.
struct CoarsePatch {
  static let side = 4
  /// Least variance of a patch, squared grey levels: below it there is only noise to compare.
  static let minimalVariance: Float = 6

  /// Rows of the patch; their mean is 0 and the sum of their squares 1.
  private let rows: (SIMD4<Float>, SIMD4<Float>, SIMD4<Float>, SIMD4<Float>)

  /// - Parameters:
  ///   - image: the reference at half size.
  ///   - centre: the pixel, at least `4 · |x| + 4 · |y| + 1` from the edge.
  ///   - x: what a step of one column in the neighbour is in the reference.
  ///   - y: what a step of one row in the neighbour is in the reference.
  /// - Returns: `nil` where the patch is uniform.
  @inline(__always)
  init?(
    _ image: UnsafePointer<Float>, _ stride: Int, _ centre: SIMD2<Float>, x: SIMD2<Float>, y: SIMD2<Float>
  ) {
    let offsets = SIMD4<Float>(-1.5, -0.5, 0.5, 1.5)
    @inline(__always)
    func row(_ offset: Float) -> SIMD4<Float> {
      let (px, py) = (centre.x + offset * y.x + offsets * x.x, centre.y + offset * y.y + offsets * x.y)
      var values = SIMD4<Float>()
      for lane in 0..<4 { values[lane] = interpolated(image, stride, px[lane], py[lane]) }
      return values
    }
    var (a, b, c, d) = (row(-1.5), row(-0.5), row(0.5), row(1.5))
    let mean = (a + b + c + d).sum() / 16
    a -= mean
    b -= mean
    c -= mean
    d -= mean
    let energy = (a * a + b * b + c * c + d * d).sum()
    guard energy >= Self.minimalVariance * 16 else { return nil }
    let factor = 1 / energy.squareRoot()
    rows = (a * factor, b * factor, c * factor, d * factor)
  }

  /// Times the inverse norm of the pixels there, their correlation with this patch, −1…1.
  /// - Parameter corner: the first of 4×4 pixels.
  @inline(__always)
  func product(_ corner: UnsafePointer<Float>, _ stride: Int) -> Float {
    let products =
      rows.0 * load4(corner) + rows.1 * load4(corner + stride) + rows.2 * load4(corner + 2 * stride) + rows.3
      * load4(corner + 3 * stride)
    return products.sum()
  }
}
