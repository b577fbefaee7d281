import Vision

/// The reference picture and its neighbours behind one another, in full and in half size, as numbers that SIMD takes.
struct ImageStack {
  let width: Int
  let height: Int
  let coarseWidth: Int
  let coarseHeight: Int
  /// Brightness − 128; picture after picture, row after row, the reference first.
  private(set) var fine: [Float]
  /// The same at half the size.
  private(set) var coarse: [Float]
  /// For each pixel of `coarse`, 1 / (Σ (v − mean)²)^½ over the 4×4 pixels to its right and below; 0 where these are
  /// uniform or not on the picture.
  private(set) var inverseNorms: [Float]

  /// - Precondition: pictures of one size, at least one.
  init(_ images: [GreyImage]) {
    let halves = images.map(\.halved)
    (width, height) = (images[0].width, images[0].height)
    (coarseWidth, coarseHeight) = (halves[0].width, halves[0].height)
    fine = Self.numbers(images)
    coarse = Self.numbers(halves)
    inverseNorms = [Float](repeating: 0, count: coarse.count)
    for index in images.indices { fillInverseNorms(from: index * coarseWidth * coarseHeight) }
  }

  private static func numbers(_ images: [GreyImage]) -> [Float] {
    let size = images[0].pixels.count
    return [Float](unsafeUninitializedCapacity: images.count * size) { target, count in
      for (index, image) in images.enumerated() {
        image.pixels.withUnsafeBufferPointer { source in
          for pixel in 0..<size {
            target.initializeElement(at: index * size + pixel, to: Float(Int32(source[pixel]) &- 128))
          }
        }
      }
      count = images.count * size
    }
  }

  private mutating func fillInverseNorms(from start: Int) {
    let (width, height, side) = (coarseWidth, coarseHeight, CoarsePatch.side)
    guard width >= side, height >= side else { return }
    let least = CoarsePatch.minimalVariance / 2
    // Sums over four rows, by column.
    var (sums, squares) = ([Float](repeating: 0, count: width), [Float](repeating: 0, count: width))
    coarse.withUnsafeBufferPointer { image in
      inverseNorms.withUnsafeMutableBufferPointer { norms in
        for y in 0...(height - side) {
          let row = start + y * width
          for x in 0..<width {
            let (a, b, c, d) = (
              image[row + x], image[row + width + x], image[row + 2 * width + x], image[row + 3 * width + x]
            )
            sums[x] = a + b + c + d
            squares[x] = a * a + b * b + c * c + d * d
          }
          for x in 0...(width - side) {
            let sum = sums[x] + sums[x + 1] + sums[x + 2] + sums[x + 3]
            let square = squares[x] + squares[x + 1] + squares[x + 2] + squares[x + 3]
            let energy = square - sum * sum / 16
            norms[row + x] = energy >= least * 16 ? 1 / energy.squareRoot() : 0
          }
        }
      }
    }
  }
}
