import Detection
import Vision

/// What a picture looks like from afar: the mean brightness of 8×8 cells. Cuts of a video show in it, and cost next to
/// nothing to find.
struct SceneSignature: Hashable, Sendable {
  static let cells = 8
  /// Cells row by row, grey levels.
  let means: [Int]

  /// - Complexity: at most some 16,000 pixels are looked at.
  init(_ image: GreyImage) {
    let step = max(1, min(image.width, image.height) / 128)
    var sums = [Int](repeating: 0, count: Self.cells * Self.cells)
    var counts = sums
    image.pixels.withUnsafeBufferPointer { pixels in
      for y in stride(from: 0, to: image.height, by: step) {
        let row = y * Self.cells / image.height * Self.cells
        for x in stride(from: 0, to: image.width, by: step) {
          let cell = row + x * Self.cells / image.width
          sums[cell] += Int(pixels[y * image.width + x])
          counts[cell] += 1
        }
      }
    }
    means = zip(sums, counts).map { $1 == 0 ? 0 : $0 / $1 }
  }

  /// How different another picture is, grey levels: the mean difference of the cells, less what all of them share, which
  /// is exposure.
  func change(from other: SceneSignature) -> Double {
    let differences = zip(means, other.means).map { Double($0 - $1) }
    let shared = differences.reduce(0, +) / Double(differences.count)
    return differences.reduce(0) { $0 + abs($1 - shared) } / Double(differences.count)
  }
}

extension GreyImage {
  /// The brightness of a picture, by the weights of BT.601 in 8 bits after the point.
  init(luma image: RGBImage) {
    let pixels = [UInt8](unsafeUninitializedCapacity: image.width * image.height) { result, count in
      image.pixels.withUnsafeBufferPointer { source in
        for pixel in 0..<image.width * image.height {
          let (red, green, blue) = (Int(source[3 * pixel]), Int(source[3 * pixel + 1]), Int(source[3 * pixel + 2]))
          result[pixel] = UInt8((77 * red + 150 * green + 29 * blue) >> 8)
        }
      }
      count = image.width * image.height
    }
    self.init(width: image.width, height: image.height, pixels: pixels)
  }
}
