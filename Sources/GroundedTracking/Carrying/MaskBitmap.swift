import MediaModel

/// A mask with its pixels at hand, inside the box around them.
struct MaskBitmap: Hashable, Sendable {
  let mask: RunLengthMask
  let columns: Range<Int>
  let rows: Range<Int>
  /// Column by column.
  private let bits: [Bool]

  /// - Returns: `nil` for a mask without pixels.
  /// - Complexity: O(runs + pixels of the box).
  init?(_ mask: RunLengthMask) {
    let height = mask.resolution.height
    var (left, right, top, bottom) = (Int.max, -1, Int.max, -1)
    func forEachPart(_ body: (_ x: Int, _ rows: Range<Int>) -> Void) {
      var position = 0
      for (index, run) in mask.runs.enumerated() {
        if index % 2 == 1 {
          var start = position
          while start < position + run {
            let (x, y) = (start / height, start % height)
            let end = min(position + run - x * height, height)
            body(x, y..<end)
            start = (x + 1) * height
          }
        }
        position += run
      }
    }
    forEachPart { x, part in
      (left, right) = (min(left, x), max(right, x))
      (top, bottom) = (min(top, part.lowerBound), max(bottom, part.upperBound))
    }
    guard right >= 0 else { return nil }
    let (columns, rows) = (left..<right + 1, top..<bottom)
    var bits = [Bool](repeating: false, count: columns.count * rows.count)
    forEachPart { x, part in
      let start = (x - columns.lowerBound) * rows.count - rows.lowerBound
      for y in part { bits[start + y] = true }
    }
    self.mask = mask
    self.columns = columns
    self.rows = rows
    self.bits = bits
  }

  /// Left, top, right, bottom; the right and the bottom edge are outside.
  var box: SIMD4<Float> {
    SIMD4(Float(columns.lowerBound), Float(rows.lowerBound), Float(columns.upperBound), Float(rows.upperBound))
  }

  /// Whether a place, from the picture's left upper corner, is on a pixel of the mask.
  func contains(_ place: SIMD2<Float>) -> Bool {
    guard place.x >= Float(columns.lowerBound), place.x < Float(columns.upperBound),
      place.y >= Float(rows.lowerBound), place.y < Float(rows.upperBound)
    else { return false }
    return bits[(Int(place.x) - columns.lowerBound) * rows.count + Int(place.y) - rows.lowerBound]
  }

  /// The mask after a motion; what leaves the picture is cut off.
  /// - Complexity: O(pixels of its box).
  func moved(by motion: SimilarityMotion) -> RunLengthMask {
    guard motion != .identity, let back = motion.inverse else { return mask }
    let (width, height) = (mask.resolution.width, mask.resolution.height)
    let reach = motion.box(around: box)
    func range(_ low: Float, _ high: Float, _ limit: Int) -> Range<Int> {
      let start = Int(min(max(low.rounded(.down), 0), Float(limit)))
      return start..<max(start, Int(min(max(high.rounded(.up), 0), Float(limit))))
    }
    return RunLengthMask(
      resolution: mask.resolution, columns: range(reach.x, reach.z, width), rows: range(reach.y, reach.w, height)
    ) { x, y in contains(back.applied(to: SIMD2(Float(x) + 0.5, Float(y) + 0.5))) }
  }
}
