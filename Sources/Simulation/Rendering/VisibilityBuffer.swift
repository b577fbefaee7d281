/// For each pixel the nearest face: inverse depth, and the number of the face among the frame's faces.
///
/// Rows are padded to whole groups of eight pixels, the unit in which faces are drawn and shaded. Pixel centres lie
/// at whole numbers. Two faces that share an edge leave neither gap nor overlap along it: the edge's crossing of a row
/// is computed from the same two corners in the same order for both.
final class VisibilityBuffer {
  let width: Int
  let height: Int
  /// Pixels from row to row, a multiple of 8.
  let stride: Int
  let inverseDepth: UnsafeMutablePointer<Float>
  /// Number of the face, or `emptyPixel`.
  let face: UnsafeMutablePointer<Int32>
  private let left: UnsafeMutablePointer<Int32>
  private let right: UnsafeMutablePointer<Int32>

  static let emptyPixel: Int32 = -1

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
    stride = (width + 7) & ~7
    inverseDepth = allocateLarge(stride * height, of: Float.self)
    face = allocateLarge(stride * height, of: Int32.self)
    left = .allocate(capacity: height)
    right = .allocate(capacity: height)
    clear()
  }

  deinit {
    UnsafeMutableRawPointer(inverseDepth).deallocate()
    UnsafeMutableRawPointer(face).deallocate()
    left.deallocate()
    right.deallocate()
  }

  func clear() {
    inverseDepth.initialize(repeating: 0, count: stride * height)
    face.initialize(repeating: Self.emptyPixel, count: stride * height)
  }

  /// Draws a convex polygon.
  ///
  /// - Parameters:
  ///   - corners: pixel coordinates, counter-clockwise to the viewer, `count` of them.
  ///   - depth: inverse depth as a function of the pixel; the larger wins, the first drawn on a tie.
  func draw(_ corners: UnsafePointer<SIMD2<Double>>, count: Int, depth: SIMD3<Float>, number: Int32) {
    var top = corners[0].y
    var bottom = top
    for index in 1..<count {
      top = min(top, corners[index].y)
      bottom = max(bottom, corners[index].y)
    }
    guard bottom > -1, top < Double(height) else { return }
    let firstRow = max(0, Self.ceiling(top))
    let lastRow = min(height, Self.ceiling(min(bottom, Double(height))))
    guard firstRow < lastRow else { return }
    for index in 0..<count {
      let next = index + 1 == count ? 0 : index + 1
      walk(from: corners[index], to: corners[next], rows: firstRow, lastRow)
    }
    for row in firstRow..<lastRow {
      let (from, to) = (Int(left[row]), Int(right[row]))
      if from < to { fill(row: row, from: from, to: to, depth: depth, number: number) }
    }
  }

  /// Smallest whole number not below `value`, which must fit 31 bits.
  @inline(__always) private static func ceiling(_ value: Double) -> Int {
    let truncated = Int(truncatingIfNeeded: Int32(value))
    return Double(truncated) < value ? truncated + 1 : truncated
  }

  /// Enters the columns at which an edge crosses the rows: edges that go up the screen bound on the right.
  private func walk(from a: SIMD2<Double>, to b: SIMD2<Double>, rows firstRow: Int, _ lastRow: Int) {
    guard a.y != b.y else { return }
    let isRight = b.y < a.y
    let (upper, lower) = isRight ? (b, a) : (a, b)
    let from = upper.y <= Double(firstRow) ? firstRow : Self.ceiling(min(upper.y, Double(height)))
    let to = lower.y >= Double(lastRow) ? lastRow : Self.ceiling(max(lower.y, -1))
    guard from < to else { return }
    let slope = (lower.x - upper.x) / (lower.y - upper.y)
    let table = isRight ? right : left
    let limit = Double(width)
    for row in from..<to {
      let x = upper.x + (Double(row) - upper.y) * slope
      table[row] = Int32(truncatingIfNeeded: Self.ceiling(max(0, min(limit, x))))
    }
  }

  @inline(__always)
  private func fill(row: Int, from: Int, to: Int, depth: SIMD3<Float>, number: Int32) {
    let base = row * stride
    let rowValue = depth.z + depth.y * Float(row)
    let lanes = SIMD8<Float>(0, 1, 2, 3, 4, 5, 6, 7)
    let step = lanes * depth.x
    let numbers = SIMD8<Int32>(repeating: number)
    var x = from & ~7
    while x < to {
      let depths = UnsafeMutableRawPointer(inverseDepth + base + x).assumingMemoryBound(to: SIMD8<Float>.self)
      let faces = UnsafeMutableRawPointer(face + base + x).assumingMemoryBound(to: SIMD8<Int32>.self)
      let value = SIMD8<Float>(repeating: rowValue + depth.x * Float(x)) + step
      let old = depths.pointee
      var nearer = value .> old
      if x < from || x + 8 > to {
        nearer .&= lanes .>= SIMD8<Float>(repeating: Float(from - x))
        nearer .&= lanes .< SIMD8<Float>(repeating: Float(to - x))
      }
      x += 8
      guard any(nearer) else { continue }
      depths.pointee = old.replacing(with: value, where: nearer)
      faces.pointee = faces.pointee.replacing(with: numbers, where: nearer)
    }
  }
}
