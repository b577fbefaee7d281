/// Which pixels of a part of the working picture are an object's.
struct PixelMask: Sendable {
  /// Left and top corner of the part, and its size.
  var left: Int
  var top: Int
  var width: Int
  var height: Int
  /// Row after row: 1 for pixels of the object.
  var pixels: [UInt8]

  init(left: Int, top: Int, width: Int, height: Int, pixels: [UInt8]) {
    (self.left, self.top, self.width, self.height, self.pixels) = (left, top, width, height, pixels)
  }

  /// The pixels of both.
  init(joining a: PixelMask, _ b: PixelMask) {
    let (left, top) = (min(a.left, b.left), min(a.top, b.top))
    let (right, bottom) = (max(a.left + a.width, b.left + b.width), max(a.top + a.height, b.top + b.height))
    (self.left, self.top, width, height) = (left, top, right - left, bottom - top)
    pixels = Array(repeating: 0, count: width * height)
    for mask in [a, b] {
      for row in 0..<mask.height {
        let start = (row + mask.top - top) * width + mask.left - left
        for column in 0..<mask.width where mask.pixels[row * mask.width + column] == 1 { pixels[start + column] = 1 }
      }
    }
  }

  /// Whether a pixel of the working picture is the object's; not where it is outside the part.
  func contains(_ x: Int, _ y: Int) -> Bool {
    let (column, row) = (x - left, y - top)
    guard column >= 0, row >= 0, column < width, row < height else { return false }
    return pixels[row * width + column] == 1
  }

  /// Whether the pixel at a place of the working picture is the object's.
  func contains(_ place: SIMD2<Float>) -> Bool { contains(Int(place.x.rounded()), Int(place.y.rounded())) }
}
