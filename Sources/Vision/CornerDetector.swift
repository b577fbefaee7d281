/// Finds points that can be tracked: where brightness changes in two directions, evenly spread.
///
/// The measure is the smaller eigenvalue of the structure tensor over 7×7 pixels. Source: Shi, Tomasi 1994, "Good
/// features to track". Spread by a grid: the best of each cell, and none near a point that is there already.
public struct CornerDetector: Sendable {
  /// A found point.
  public struct Corner: Hashable, Sendable {
    /// Pixels on the detected image, refined below a pixel.
    public var position: SIMD2<Float>
    /// The smaller eigenvalue, mean over the window: (grey levels per pixel)².
    public var strength: Float
  }

  /// Side of a grid cell, pixels.
  public var cellSize: Int
  /// Corners weaker than this are noise.
  public var minimalStrength: Float
  /// Pixels at the edge of the picture without corners; at least 5.
  public var border: Int

  public init(cellSize: Int = 24, minimalStrength: Float = 8, border: Int = 12) {
    precondition(cellSize >= 4 && border >= 5, "cells of 4 pixels or more, borders of 5 or more")
    self.cellSize = cellSize
    self.minimalStrength = minimalStrength
    self.border = border
  }

  /// The best corner of each cell that holds none of `occupied`, strongest first; the same for the same image.
  public func detect(in image: GreyImage, avoiding occupied: [SIMD2<Float>] = []) -> [Corner] {
    let columns = (image.width + cellSize - 1) / cellSize
    let rows = (image.height + cellSize - 1) / cellSize
    var isTaken = [Bool](repeating: false, count: columns * rows)
    for position in occupied where position.x >= 0 && position.y >= 0 {
      let (column, row) = (Int(position.x) / cellSize, Int(position.y) / cellSize)
      if column < columns && row < rows { isTaken[row * columns + column] = true }
    }
    guard image.width > 2 * border + 1, image.height > 2 * border + 1 else { return [] }
    var corners: [Corner] = []
    var scratch = StructureTensor(cellSize: cellSize)
    for row in 0..<rows {
      for column in 0..<columns where !isTaken[row * columns + column] {
        let xs = (column * cellSize..<(column + 1) * cellSize).clamped(to: border..<image.width - border)
        let ys = (row * cellSize..<(row + 1) * cellSize).clamped(to: border..<image.height - border)
        guard !xs.isEmpty, !ys.isEmpty, let corner = scratch.strongest(in: image, xs: xs, ys: ys),
          corner.strength >= minimalStrength
        else { continue }
        corners.append(corner)
      }
    }
    return thinned(corners)
  }

  /// Without the weaker of two corners in neighbouring cells that are closer than half a cell.
  private func thinned(_ corners: [Corner]) -> [Corner] {
    let sorted = corners.sorted {
      ($0.strength, -$0.position.y, -$0.position.x) > ($1.strength, -$1.position.y, -$1.position.x)
    }
    let distance = Float(cellSize) / 2
    var kept: [SIMD2<Int>: Corner] = [:]
    var result: [Corner] = []
    for corner in sorted {
      let cell = SIMD2(Int(corner.position.x) / cellSize, Int(corner.position.y) / cellSize)
      var isFree = true
      for dy in -1...1 {
        for dx in -1...1 {
          guard let other = kept[cell &+ SIMD2(dx, dy)] else { continue }
          let offset = other.position - corner.position
          if (offset * offset).sum() < distance * distance { isFree = false }
        }
      }
      if isFree {
        kept[cell] = corner
        result.append(corner)
      }
    }
    return result
  }
}

/// Working memory for the strength of one cell: gradients' products summed over windows, in whole numbers.
private struct StructureTensor {
  /// Half of the window.
  static let radius = 3
  /// Side of what a cell needs.
  private let side: Int
  /// The products of all pixels: xx, then xy, then yy.
  private var products: [Int32]
  /// Their vertical sums in the present row, in the same order.
  private var sums: [Int32]
  private var strengths: [Float]

  init(cellSize: Int) {
    side = cellSize + 2 + 2 * Self.radius
    products = [Int32](repeating: 0, count: 3 * side * side)
    sums = [Int32](repeating: 0, count: 3 * side)
    strengths = [Float](repeating: 0, count: (cellSize + 2) * (cellSize + 2))
  }

  /// The corner of greatest strength, with its position refined by a parabola in either direction.
  mutating func strongest(in image: GreyImage, xs: Range<Int>, ys: Range<Int>) -> CornerDetector.Corner? {
    let radius = Self.radius
    // One pixel more on each side, so that the parabola has neighbours.
    let (w, h) = (xs.count + 2, ys.count + 2)
    multiplyGradients(
      image, x0: xs.lowerBound - 1 - radius, y0: ys.lowerBound - 1 - radius, w + 2 * radius, h + 2 * radius)
    for index in sums.indices { sums[index] = 0 }
    for y in 0..<2 * radius { slide(adding: y) }
    for y in 0..<h {
      slide(adding: y + 2 * radius)
      measure(row: y * w, w)
      slide(removing: y)
    }
    return peak(w, h, origin: SIMD2(Float(xs.lowerBound), Float(ys.lowerBound)))
  }

  private mutating func multiplyGradients(_ image: GreyImage, x0: Int, y0: Int, _ pw: Int, _ ph: Int) {
    let (width, side) = (image.width, side)
    image.pixels.withUnsafeBufferPointer { pixels in
      products.withUnsafeMutableBufferPointer { products in
        guard let pixels = pixels.baseAddress, let xx = products.baseAddress else { return }
        let (xy, yy) = (xx + side * side, xx + 2 * side * side)
        for y in 0..<ph {
          let row = pixels + ((y0 + y) * width + x0)
          for x in 0..<pw {
            let gx = Int32(row[x &+ 1]) &- Int32(row[x &- 1])
            let gy = Int32(row[x &+ width]) &- Int32(row[x &- width])
            let at = y &* side &+ x
            (xx[at], xy[at], yy[at]) = (gx &* gx, gx &* gy, gy &* gy)
          }
        }
      }
    }
  }

  private mutating func slide(adding row: Int) { slide(row) { $0 &+ $1 } }
  private mutating func slide(removing row: Int) { slide(row) { $0 &- $1 } }

  @inline(__always)
  private mutating func slide(_ row: Int, _ combine: (Int32, Int32) -> Int32) {
    let side = side
    products.withUnsafeBufferPointer { products in
      sums.withUnsafeMutableBufferPointer { sums in
        guard let products = products.baseAddress, let sums = sums.baseAddress else { return }
        for channel in 0..<3 {
          let (source, target) = (products + (channel * side + row) * side, sums + channel * side)
          for x in 0..<side { target[x] = combine(target[x], source[x]) }
        }
      }
    }
  }

  /// The strengths of one row, from the vertical sums.
  private mutating func measure(row: Int, _ w: Int) {
    let side = side
    // Gradients are twice too great, and windows hold their sum.
    let scale = 1 / Float(4 * (2 * Self.radius + 1) * (2 * Self.radius + 1))
    sums.withUnsafeBufferPointer { sums in
      strengths.withUnsafeMutableBufferPointer { strengths in
        guard let xx = sums.baseAddress, let strengths = strengths.baseAddress else { return }
        func window(_ sums: UnsafePointer<Int32>) -> Float {
          let left = sums[0] &+ sums[1] &+ sums[2]
          return Float(left &+ sums[3] &+ sums[4] &+ sums[5] &+ sums[6]) * scale
        }
        for x in 0..<w {
          let (a, b, c) = (window(xx + x), window(xx + (side &+ x)), window(xx + (2 &* side &+ x)))
          strengths[row &+ x] = (a + c) / 2 - ((a - c) * (a - c) / 4 + b * b).squareRoot()
        }
      }
    }
  }

  private func peak(_ w: Int, _ h: Int, origin: SIMD2<Float>) -> CornerDetector.Corner? {
    var (best, bestX, bestY) = (-Float.infinity, 0, 0)
    strengths.withUnsafeBufferPointer { strengths in
      for y in 1..<h - 1 {
        for x in 1..<w - 1 where strengths[y &* w &+ x] > best {
          (best, bestX, bestY) = (strengths[y &* w &+ x], x, y)
        }
      }
    }
    guard bestX > 0 else { return nil }
    func offset(_ before: Float, _ after: Float) -> Float {
      // A neighbouring cell may hold the true peak; then the parabola says nothing.
      let curvature = before - 2 * best + after
      return before <= best && after <= best && curvature < 0 ? (before - after) / (2 * curvature) : 0
    }
    let at = bestY * w + bestX
    let position =
      origin + SIMD2(Float(bestX - 1), Float(bestY - 1))
      + SIMD2(offset(strengths[at - 1], strengths[at + 1]), offset(strengths[at - w], strengths[at + w]))
    return CornerDetector.Corner(position: position, strength: best)
  }
}
