/// How good a view of an object is, as numbers that compare views of the same object.
public struct ViewQuality: Hashable, Sendable {
  /// Steepness of edges against contrast, 1/pixels: the root of the mean square gradient of the smoothed luma over its
  /// standard deviation. About 1/σ of what blurs the view.
  public var sharpness: Float
  /// The root of the number of the object's pixels.
  public var side: Float
  /// 0…1: how much of the object is neither black nor white, and how far from both its mean is.
  public var exposure: Float
  /// 1 where the whole object is in the picture, ½ where its box touches the edge.
  public var completeness: Float

  public init(sharpness: Float, side: Float, exposure: Float, completeness: Float) {
    self.sharpness = sharpness
    self.side = side
    self.exposure = exposure
    self.completeness = completeness
  }

  /// One number: `sharpness · √side · exposure · completeness`. Sharpness counts in pixels, so that of two views equally
  /// sharp in pixels the larger shows more; the root keeps a large and blurred one from winning over a small sharp one.
  public var score: Float { sharpness * side.squareRoot() * exposure * completeness }

  /// Measures a view: inside the mask where there is one, else inside the box.
  init(of image: ViewImage, box: SIMD4<Float>, mask: [UInt8]?, isWhole: Bool) {
    let (width, height) = (image.width, image.height)
    let (black, white): (Float, Float) = image.isFullRange ? (0, 255) : (16, 235)
    // What is this near to black or white holds no detail.
    let (dark, bright) = (UInt8(black + 6), UInt8(white - 6))
    let plane = FloatPlane(width: width, height: height, bytes: image.luma).smoothed
    var (count, clipped) = (0, 0)
    var (sum, squares, energy): (Double, Double, Double) = (0, 0, 0)
    let (x0, x1) = (max(1, Int(box.x)), min(width - 1, Int(box.z.rounded(.up))))
    let (y0, y1) = (max(1, Int(box.y)), min(height - 1, Int(box.w.rounded(.up))))
    plane.values.withUnsafeBufferPointer { values in
      for y in stride(from: y0, to: y1, by: 1) {
        for x in stride(from: x0, to: x1, by: 1) {
          let at = y * width + x
          if let mask, mask[at] == 0 { continue }
          let (dx, dy) = ((values[at + 1] - values[at - 1]) / 2, (values[at + width] - values[at - width]) / 2)
          count += 1
          if image.luma[at] <= dark || image.luma[at] >= bright { clipped += 1 }
          sum += Double(values[at])
          squares += Double(values[at] * values[at])
          energy += Double(dx * dx + dy * dy)
        }
      }
    }
    guard count > 0 else {
      self.init(sharpness: 0, side: 0, exposure: 0, completeness: 0)
      return
    }
    let mean = sum / Double(count)
    // 4 grey levels of noise are no contrast.
    let variance = max(0, squares / Double(count) - mean * mean) + 16
    let level = (Float(mean) - black) / (white - black)
    // Full marks between a fifth and four fifths of the range.
    let middle = min(max(min(level, 1 - level) / 0.2, 0), 1)
    self.init(
      sharpness: Float((energy / Double(count) / variance).squareRoot()), side: Float(count).squareRoot(),
      exposure: middle * (1 - Float(clipped) / Float(count)), completeness: isWhole ? 1 : 0.5)
  }
}

/// What an object looks like at a glance: its box as a small picture, without brightness and contrast.
public struct ViewLook: Hashable, Sendable {
  static let side = 12
  static let count = side * side
  /// Row-major, mean 0 and length 1, or all 0 where there is no contrast.
  let values: [Float]
  /// Logarithm of width over height of the box.
  let aspect: Float

  init(of image: ViewImage, box: SIMD4<Float>) {
    let (width, height) = (max(box.z - box.x, 1), max(box.w - box.y, 1))
    aspect = logarithm(width / height)
    var values: [Float] = []
    values.reserveCapacity(Self.count)
    for row in 0..<Self.side {
      for column in 0..<Self.side {
        func span(_ start: Float, _ length: Float, _ index: Int, _ limit: Int) -> Range<Int> {
          let first = min(Int(start + length * Float(index) / Float(Self.side)), limit - 1)
          return first..<max(first + 1, min(Int(start + length * Float(index + 1) / Float(Self.side)), limit))
        }
        let (xs, ys) = (span(box.x, width, column, image.width), span(box.y, height, row, image.height))
        var sum = 0
        for y in ys { for x in xs { sum += Int(image.luma[y * image.width + x]) } }
        values.append(Float(sum) / Float(xs.count * ys.count))
      }
    }
    let mean = values.reduce(0, +) / Float(Self.count)
    let length = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }.squareRoot()
    self.values = length > Float(Self.side) ? values.map { ($0 - mean) / length } : values.map { _ in 0 }
  }

  /// How differently posed two views are, 0 (the same) to 1: what their pictures lack to full correlation, and half of
  /// how the logarithms of their aspects differ.
  public func difference(to other: ViewLook) -> Float {
    var product: Float = 0
    for index in 0..<Self.count { product += values[index] * other.values[index] }
    return min(1, max(0, (1 - product) / 2) + abs(aspect - other.aspect) / 2)
  }
}
