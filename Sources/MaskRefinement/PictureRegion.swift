import MediaModel

/// A part of a picture, made small: luma, Cb and Cr of cells of equally many pixels.
struct PictureRegion {
  /// Of the picture, pixels.
  let columns: Range<Int>
  let rows: Range<Int>
  /// Pixels along the side of a cell.
  let step: Int
  let width: Int
  let height: Int
  /// Row by row.
  private(set) var colours: [SIMD3<Float>]

  /// - Parameters:
  ///   - columns: inside the picture, not empty.
  ///   - rows: inside the picture, not empty.
  ///   - cells: how many there may be, about.
  init(_ picture: Picture, columns: Range<Int>, rows: Range<Int>, cells: Int) {
    var step = 1
    while (columns.count / step) * (rows.count / step) > cells { step += 1 }
    self.step = step
    self.columns = columns
    self.rows = rows
    width = (columns.count + step - 1) / step
    height = (rows.count + step - 1) / step
    colours = []
    colours.reserveCapacity(width * height)
    let (width, height) = (width, height)
    picture.withPlanes { luma, cb, cr in
      for row in 0..<height {
        let top = rows.lowerBound + row * step, bottom = min(top + step, rows.upperBound)
        for column in 0..<width {
          let left = columns.lowerBound + column * step, right = min(left + step, columns.upperBound)
          colours.append(
            SIMD3(
              Self.mean(luma, left..<right, top..<bottom),
              Self.mean(
                cb, left / 2..<max((right + 1) / 2, left / 2 + 1), top / 2..<max((bottom + 1) / 2, top / 2 + 1)),
              Self.mean(cr, left / 2..<max((right + 1) / 2, left / 2 + 1), top / 2..<max((bottom + 1) / 2, top / 2 + 1))
            )
          )
        }
      }
    }
  }

  private static func mean(_ plane: Picture.Plane, _ columns: Range<Int>, _ rows: Range<Int>) -> Float {
    var sum = 0
    let (right, bottom) = (min(columns.upperBound, plane.width), min(rows.upperBound, plane.height))
    for y in rows.lowerBound..<bottom {
      let row = plane.base + y * plane.stride
      for x in columns.lowerBound..<right { sum += Int(row[x]) }
    }
    return Float(sum) / Float(max((right - columns.lowerBound) * (bottom - rows.lowerBound), 1))
  }

  /// Index of the cell that a pixel of the picture is in.
  func cell(_ x: Int, _ y: Int) -> Int { (y - rows.lowerBound) / step * width + (x - columns.lowerBound) / step }
}
