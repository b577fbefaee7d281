/// Finds points that can be tracked: where brightness changes in two directions, evenly spread.
///
/// Spread by a grid: the best of each cell by ``CornerStrengths``, and none near a point that is there already.
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
    detect(in: CornerStrengths(of: image), avoiding: occupied)
  }

  /// The same, of a picture whose strengths are known already.
  public func detect(in strengths: CornerStrengths, avoiding occupied: [SIMD2<Float>] = []) -> [Corner] {
    let (width, height) = (strengths.width, strengths.height)
    let columns = (width + cellSize - 1) / cellSize
    let rows = (height + cellSize - 1) / cellSize
    var isTaken = [Bool](repeating: false, count: columns * rows)
    for position in occupied where position.x >= 0 && position.y >= 0 {
      let (column, row) = (Int(position.x) / cellSize, Int(position.y) / cellSize)
      if column < columns && row < rows { isTaken[row * columns + column] = true }
    }
    guard width > 2 * border + 1, height > 2 * border + 1 else { return [] }
    var corners: [Corner] = []
    for row in 0..<rows {
      for column in 0..<columns where !isTaken[row * columns + column] {
        let xs = (column * cellSize..<(column + 1) * cellSize).clamped(to: border..<width - border)
        let ys = (row * cellSize..<(row + 1) * cellSize).clamped(to: border..<height - border)
        guard !xs.isEmpty, !ys.isEmpty else { continue }
        let corner = Self.strongest(strengths, xs: xs, ys: ys)
        if corner.strength >= minimalStrength { corners.append(corner) }
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

  /// The corner of greatest strength in a cell, with its position refined by a parabola in either direction.
  private static func strongest(_ strengths: CornerStrengths, xs: Range<Int>, ys: Range<Int>) -> Corner {
    let width = strengths.width
    return strengths.values.withUnsafeBufferPointer { values in
      var (best, bestX, bestY) = (-Float.infinity, xs.lowerBound, ys.lowerBound)
      for y in ys {
        for x in xs where values[y &* width &+ x] > best { (best, bestX, bestY) = (values[y &* width &+ x], x, y) }
      }
      func offset(_ before: Float, _ after: Float) -> Float {
        // A neighbouring cell may hold the true peak; then the parabola says nothing.
        let curvature = before - 2 * best + after
        return before <= best && after <= best && curvature < 0 ? (before - after) / (2 * curvature) : 0
      }
      let at = bestY * width + bestX
      let shift = SIMD2(
        offset(values[at - 1], values[at + 1]), offset(values[at - width], values[at + width]))
      return Corner(position: SIMD2(Float(bestX), Float(bestY)) + shift, strength: best)
    }
  }
}
