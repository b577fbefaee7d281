import MediaModel
import NIOCore

/// The part of a mask that has pixels: most of a picture has none.
struct MaskCrop {
  /// Column and row of the part's first pixel in the picture.
  let origin: SIMD2<Int>
  let resolution: Resolution
  /// One byte a pixel, row by row: the class where the mask is set, else 0.
  let classes: ByteBuffer

  /// - Returns: `nil` of a mask without pixels.
  init?(_ mask: RunLengthMask, class value: UInt8) {
    var (low, high) = (SIMD2(Int.max, Int.max), SIMD2(-1, -1))
    Self.forEachColumn(of: mask) { column, rows in
      low = SIMD2(min(low.x, column), min(low.y, rows.lowerBound))
      high = SIMD2(max(high.x, column), max(high.y, rows.upperBound - 1))
    }
    guard high.x >= low.x, high.y >= low.y else { return nil }
    let (width, height) = (high.x - low.x + 1, high.y - low.y + 1)
    var pixels = [UInt8](repeating: 0, count: width * height)
    Self.forEachColumn(of: mask) { column, rows in
      for row in rows { pixels[(row - low.y) * width + column - low.x] = value }
    }
    origin = low
    resolution = Resolution(width: width, height: height)
    classes = ByteBuffer(bytes: pixels)
  }

  /// The set pixels, column by column.
  private static func forEachColumn(of mask: RunLengthMask, _ body: (_ column: Int, _ rows: Range<Int>) -> Void) {
    let height = mask.resolution.height
    guard height > 0 else { return }
    var position = 0
    for (index, run) in mask.runs.enumerated() {
      var start = position
      position += run
      guard index % 2 == 1 else { continue }
      while start < position {
        let end = min(position, (start / height + 1) * height)
        body(start / height, start % height..<start % height + end - start)
        start = end
      }
    }
  }
}
