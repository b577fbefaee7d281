/// How well each pixel of a picture can be tracked: where brightness changes in two directions.
///
/// The measure is the smaller eigenvalue of the structure tensor over 7×7 pixels. Source: Shi, Tomasi 1994, "Good
/// features to track".
public struct CornerStrengths: Sendable {
  public let width: Int
  public let height: Int
  /// Row after row: mean over the window, (grey levels per pixel)². Zero nearer than ``margin`` to the edge, and
  /// in pictures of less than 12 pixels a side.
  public let values: [Float]
  /// Half of the window.
  private static let radius = 3
  /// Pixels at the edge without a measure: half of the window, and one for the gradient.
  public static let margin = radius + 1

  /// - Complexity: some 1.5 ms for 752×480 pixels.
  public init(of image: GreyImage) {
    (width, height) = (image.width, image.height)
    var strengths = [Float](repeating: 0, count: width * height)
    if min(width, height) >= 2 * Self.margin + 4 {
      strengths.withUnsafeMutableBufferPointer { strengths in
        image.pixels.withUnsafeBufferPointer { pixels in
          guard let strengths = strengths.baseAddress, let pixels = pixels.baseAddress else { return }
          Self.measure(pixels, width: image.width, height: image.height, into: strengths)
        }
      }
    }
    values = strengths
  }

  /// Slides the window down the picture: whole sums of gradients' products by column, of seven rows at a time.
  private static func measure(
    _ pixels: UnsafePointer<UInt8>, width: Int, height: Int, into strengths: UnsafeMutablePointer<Float>
  ) {
    let rows = 2 * radius + 1
    // Products xx, xy and yy of the last seven rows, then their sums.
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: 3 * (rows + 1) * width) { memory in
      guard let products = memory.baseAddress else { return }
      memory.initialize(repeating: 0)
      let sums = products + 3 * rows * width
      for y in 1..<height - 1 {
        // The row that leaves the window is where the new one goes.
        let row = products + y % rows * 3 * width
        slide(pixels + y * width, width: width, products: row, sums: sums)
        if y >= rows {
          measure(sums, width: width, into: strengths + (y - radius) * width)
        }
      }
    }
  }

  /// Replaces the products of a row that leaves the window by those of `pixels`.
  private static func slide(
    _ pixels: UnsafePointer<UInt8>, width: Int, products xx: UnsafeMutablePointer<Int32>,
    sums xxSum: UnsafeMutablePointer<Int32>
  ) {
    let (xy, yy) = (xx + width, xx + 2 * width)
    let (xySum, yySum) = (xxSum + width, xxSum + 2 * width)
    for x in 1..<width - 1 {
      let gx = Int32(pixels[x &+ 1]) &- Int32(pixels[x &- 1])
      let gy = Int32(pixels[x &+ width]) &- Int32(pixels[x &- width])
      let (a, b, c) = (gx &* gx, gx &* gy, gy &* gy)
      xxSum[x] = xxSum[x] &+ a &- xx[x]
      xySum[x] = xySum[x] &+ b &- xy[x]
      yySum[x] = yySum[x] &+ c &- yy[x]
      (xx[x], xy[x], yy[x]) = (a, b, c)
    }
  }

  /// The strengths of one row, from the sums by column, four at a time; the last four may be measured twice.
  private static func measure(_ xx: UnsafePointer<Int32>, width: Int, into strengths: UnsafeMutablePointer<Float>) {
    // Gradients are twice too great, and windows hold their sum.
    let scale = 1 / Float(4 * (2 * radius + 1) * (2 * radius + 1))
    func window(_ sums: UnsafePointer<Int32>) -> SIMD4<Float> {
      func load(_ offset: Int) -> SIMD4<Int32> {
        UnsafeRawPointer(sums + offset).loadUnaligned(as: SIMD4<Int32>.self)
      }
      let (left, right) = (load(-3) &+ load(-2) &+ load(-1), load(1) &+ load(2) &+ load(3))
      return SIMD4<Float>(left &+ load(0) &+ right) * scale
    }
    let end = width - margin
    var x = margin
    while x < end {
      let (a, b, c) = (window(xx + x), window(xx + (width + x)), window(xx + (2 * width + x)))
      let half = (a - c) * (a - c) / 4 + b * b
      UnsafeMutableRawPointer(strengths + x).storeBytes(of: (a + c) / 2 - half.squareRoot(), as: SIMD4<Float>.self)
      x = x + 4 < end ? min(x + 4, end - 4) : end
    }
  }
}
