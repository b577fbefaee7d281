import Vision

/// The reference picture and its neighbours behind one another, as taken and smoothed.
struct ImageStack {
  let width: Int
  let height: Int
  /// Picture after picture, row after row; the reference first.
  private(set) var raw: [UInt8] = []
  /// The same after a 3×3 binomial filter.
  private(set) var smooth: [UInt8] = []

  /// - Precondition: pictures of one size.
  init(_ images: [GreyImage]) {
    (width, height) = (images.first?.width ?? 0, images.first?.height ?? 0)
    raw.reserveCapacity(images.count * width * height)
    smooth.reserveCapacity(images.count * width * height)
    for image in images {
      raw += image.pixels
      smooth += Self.smoothed(image)
    }
  }

  private static func smoothed(_ image: GreyImage) -> [UInt8] {
    let (width, height) = (image.width, image.height)
    var sums = [UInt16](repeating: 0, count: width)
    return image.pixels.withUnsafeBufferPointer { source in
      [UInt8](unsafeUninitializedCapacity: width * height) { target, count in
        sums.withUnsafeMutableBufferPointer { sums in
          for y in 0..<height {
            let (above, row, below) = (max(y - 1, 0) * width, y * width, min(y + 1, height - 1) * width)
            for x in 0..<width {
              sums[x] = UInt16(source[above + x]) &+ 2 &* UInt16(source[row + x]) &+ UInt16(source[below + x])
            }
            target[row] = UInt8(truncatingIfNeeded: (sums[0] &+ 2) >> 2)
            target[row + width - 1] = UInt8(truncatingIfNeeded: (sums[width - 1] &+ 2) >> 2)
            guard width > 2 else { continue }
            for x in 1..<(width - 1) {
              let total = sums[x - 1] &+ 2 &* sums[x] &+ sums[x + 1]
              target[row + x] = UInt8(truncatingIfNeeded: (total &+ 8) >> 4)
            }
          }
        }
        count = width * height
      }
    }
  }
}
