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

/// Working memory for the strength of one cell: gradients' products summed over windows.
private struct StructureTensor {
  /// Half of the window.
  static let radius = 3
  private var products: [SIMD4<Float>]
  private var horizontal: [SIMD4<Float>]
  private var strengths: [Float]

  init(cellSize: Int) {
    let side = cellSize + 2 + 2 * Self.radius
    products = [SIMD4<Float>](repeating: .zero, count: side * side)
    horizontal = products
    strengths = [Float](repeating: 0, count: (cellSize + 2) * (cellSize + 2))
  }

  /// The corner of greatest strength, with its position refined by a parabola in either direction.
  mutating func strongest(in image: GreyImage, xs: Range<Int>, ys: Range<Int>) -> CornerDetector.Corner? {
    let radius = Self.radius
    // One pixel more on each side, so that the parabola has neighbours.
    let (w, h) = (xs.count + 2, ys.count + 2)
    let (pw, ph) = (w + 2 * radius, h + 2 * radius)
    let (x0, y0) = (xs.lowerBound - 1 - radius, ys.lowerBound - 1 - radius)
    image.pixels.withUnsafeBufferPointer { pixels in
      for y in 0..<ph {
        for x in 0..<pw {
          let at = (y0 + y) * image.width + x0 + x
          let gx = (Float(pixels[at + 1]) - Float(pixels[at - 1])) / 2
          let gy = (Float(pixels[at + image.width]) - Float(pixels[at - image.width])) / 2
          products[y * pw + x] = SIMD4(gx * gx, gx * gy, gy * gy, 0)
        }
      }
    }
    for y in 0..<ph {
      var sum = SIMD4<Float>.zero
      for x in 0..<2 * radius { sum += products[y * pw + x] }
      for x in 0..<w {
        sum += products[y * pw + x + 2 * radius]
        horizontal[y * w + x] = sum
        sum -= products[y * pw + x]
      }
    }
    let count = Float((2 * radius + 1) * (2 * radius + 1))
    for x in 0..<w {
      var sum = SIMD4<Float>.zero
      for y in 0..<2 * radius { sum += horizontal[y * w + x] }
      for y in 0..<h {
        sum += horizontal[(y + 2 * radius) * w + x]
        let (a, b, c) = (sum.x / count, sum.y / count, sum.z / count)
        strengths[y * w + x] = (a + c) / 2 - ((a - c) * (a - c) / 4 + b * b).squareRoot()
        sum -= horizontal[y * w + x]
      }
    }
    return peak(w, h, origin: SIMD2(Float(xs.lowerBound), Float(ys.lowerBound)))
  }

  private func peak(_ w: Int, _ h: Int, origin: SIMD2<Float>) -> CornerDetector.Corner? {
    var (best, bestX, bestY) = (-Float.infinity, 0, 0)
    for y in 1..<h - 1 {
      for x in 1..<w - 1 where strengths[y * w + x] > best { (best, bestX, bestY) = (strengths[y * w + x], x, y) }
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
