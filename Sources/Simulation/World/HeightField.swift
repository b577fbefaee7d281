/// Heights of everything that stands on the ground of the city, on a square grid, and what the sun makes of them.
struct HeightField {
  /// Metres from sample to sample.
  static let spacing: Float = 0.4
  /// Half the side of the square that the grid covers, metres.
  static let halfExtent: Float = 208
  static let size = Int(2 * halfExtent / spacing)

  /// Height of the highest thing over each sample, 0 where there is none.
  private(set) var tops = [Float](repeating: 0, count: size * size)
  /// Height below which the sample lies in shadow.
  private(set) var shadows = [Float](repeating: 0, count: size * size)

  /// Grid coordinates of a place; sample centres lie at whole numbers.
  @inline(__always) static func column(_ x: Float) -> Float { (x + halfExtent) / spacing - 0.5 }

  /// Raises the samples in the rectangle to at least `top`.
  mutating func raise(low: SIMD2<Float>, high: SIMD2<Float>, to top: Float) {
    for row in Self.range(low.y, high.y) {
      for column in Self.range(low.x, high.x) {
        tops[row * Self.size + column] = max(tops[row * Self.size + column], top)
      }
    }
  }

  /// Raises the samples of a disc to at least `top`, lower towards its rim.
  mutating func raise(centre: SIMD2<Float>, radius: Float, to top: Float) {
    for row in Self.range(centre.y - radius, centre.y + radius) {
      for column in Self.range(centre.x - radius, centre.x + radius) {
        let offset = SIMD2(Self.place(column), Self.place(row)) - centre
        let squared = (offset * offset).sum() / (radius * radius)
        guard squared < 1 else { continue }
        let height = top * (0.6 + 0.4 * (1 - squared).squareRoot())
        tops[row * Self.size + column] = max(tops[row * Self.size + column], height)
      }
    }
  }

  private static func place(_ index: Int) -> Float { (Float(index) + 0.5) * spacing - halfExtent }

  private static func range(_ low: Float, _ high: Float) -> Range<Int> {
    let first = max(0, Int(column(low).rounded(.up)))
    return first..<max(first, min(size, Int(column(high).rounded(.down)) + 1))
  }

  /// Sweeps the shadows away from the sun, one grid line at a time: the shadow over a sample is the higher of shadow
  /// and top one step towards the sun, lower by what a ray falls in that step.
  ///
  /// - Parameter sun: unit vector towards the sun, with its larger horizontal part along x.
  mutating func castShadows(sun: SIMD3<Float>) {
    let size = Self.size
    let slope = sun.y / abs(sun.x)
    let drop = Self.spacing * sun.z / abs(sun.x)
    let step = sun.x > 0 ? 1 : -1
    let columns = sun.x > 0 ? Array((0..<size - 1).reversed()) : Array(1..<size)
    tops.withUnsafeBufferPointer { tops in
      shadows.withUnsafeMutableBufferPointer { shadows in
        for column in columns {
          for row in 0..<size {
            let source = max(0, min(Float(size) - 1.001, Float(row) + slope))
            let lower = Int(source)
            let index = lower * size + column + step
            let below = max(shadows[index], tops[index])
            let above = max(shadows[index + size], tops[index + size])
            shadows[row * size + column] = max(0, mix(below, above, source - Float(lower)) - drop)
          }
        }
      }
    }
  }

  /// How much sun reaches a point: 0 in shadow, 1 in the open, soft over half a metre of height.
  func sunlight(at point: SIMD3<Float>) -> Float {
    let column = Int(max(0, min(Float(Self.size - 1), Self.column(point.x).rounded())))
    let row = Int(max(0, min(Float(Self.size - 1), Self.column(point.y).rounded())))
    return smoothStep(-0.3, 0.3, point.z - shadows[row * Self.size + column])
  }

  /// The share of samples within `radius` samples that something stands on, a box blur of both axes.
  func occupancy(radius: Int) -> [Float] {
    let occupied = tops.map { $0 > 0.5 ? Float(1) : 0 }
    return Self.blurred(Self.blurred(occupied, radius: radius, stride: 1), radius: radius, stride: Self.size)
  }

  /// A running mean along one axis of a grid of this size.
  static func blurred(_ values: [Float], radius: Int, stride: Int) -> [Float] {
    var result = values
    let across = stride == 1 ? size : 1
    let scale = 1 / Float(2 * radius + 1)
    for line in 0..<size {
      let start = line * across
      var sum: Float = 0
      for offset in -radius...radius { sum += values[start + max(0, min(size - 1, offset)) * stride] }
      for index in 0..<size {
        result[start + index * stride] = sum * scale
        let leaving = max(0, index - radius)
        let entering = min(size - 1, index + radius + 1)
        sum += values[start + entering * stride] - values[start + leaving * stride]
      }
    }
    return result
  }
}
