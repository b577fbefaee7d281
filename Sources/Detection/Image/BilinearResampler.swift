/// Makes pictures larger or smaller, with a triangle filter that grows with the reduction (antialiasing), in the fixed-point
/// arithmetic of the libraries that the models' reference implementation resizes with, so that networks see the same bytes.
///
/// Source: Pillow's `Resample.c` and its port to bytes in PyTorch (`interpolate`, bilinear, antialias): weights as 16-bit
/// integers, across first, then down, with bytes in between.
package struct BilinearResampler {
  /// Where the pixels that make one come from, and their weights.
  private struct Taps {
    var starts: [Int] = []
    var counts: [Int] = []
    /// `stride` for each pixel.
    var weights: [Int32] = []
    var stride = 0
    /// Bits after the point.
    var precision: Int32 = 0

    init(from source: Int, to target: Int) {
      let scale = Double(source) / Double(target)
      let support = max(scale, 1)
      stride = Int(support.rounded(.up)) * 2 + 1
      var exact: [Double] = []
      for index in 0..<target {
        let centre = scale * (Double(index) + 0.5)
        let start = max(Int(centre - support + 0.5), 0)
        let count = min(Int(centre + support + 0.5), source) - start
        var taps = (0..<stride).map { tap in
          tap < count ? max(0, 1 - abs((Double(tap + start) - centre + 0.5) / support)) : 0
        }
        let total = taps.reduce(0, +)
        if total != 0 { taps = taps.map { $0 / total } }
        exact += taps
        starts.append(start)
        counts.append(count)
      }
      let largest = exact.max() ?? 1
      while precision < 22, Int(0.5 + largest * Double(1 << (precision + 1))) < 1 << 15 { precision += 1 }
      weights = exact.map { Int32($0 * Double(1 << precision) + 0.5) }
    }
  }

  private let width: Int
  private let height: Int

  /// - Parameters:
  ///   - width: of what is made, pixels.
  ///   - height: of what is made, pixels.
  package init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  package func resized(_ image: RGBImage) -> RGBImage {
    let across = image.width == width ? image : resizedAcross(image)
    return across.height == height ? across : resizedDown(across)
  }

  private func resizedAcross(_ image: RGBImage) -> RGBImage {
    let taps = Taps(from: image.width, to: width)
    let pixels = [UInt8](unsafeUninitializedCapacity: 3 * width * image.height) { result, count in
      image.pixels.withUnsafeBufferPointer { source in
        for row in 0..<image.height {
          for column in 0..<width {
            var sum = SIMD4<Int32>(repeating: 1 << (taps.precision - 1))
            for tap in 0..<taps.counts[column] {
              let place = 3 * (row * image.width + taps.starts[column] + tap)
              let pixel = SIMD4(
                Int32(source[place]), Int32(source[place + 1]), Int32(source[place + 2]), 0)
              sum &+= pixel &* taps.weights[column * taps.stride + tap]
            }
            let bytes = Self.bytes(sum, taps.precision)
            for channel in 0..<3 { result[3 * (row * width + column) + channel] = bytes[channel] }
          }
        }
      }
      count = 3 * width * image.height
    }
    return RGBImage(width: width, height: image.height, pixels: pixels)
  }

  private func resizedDown(_ image: RGBImage) -> RGBImage {
    let taps = Taps(from: image.height, to: height)
    let rowBytes = 3 * image.width
    let pixels = [UInt8](unsafeUninitializedCapacity: rowBytes * height) { result, count in
      image.pixels.withUnsafeBufferPointer { source in
        var sums = [Int32](repeating: 0, count: rowBytes)
        for row in 0..<height {
          sums.withUnsafeMutableBufferPointer { sums in
            sums.update(repeating: 1 << (taps.precision - 1))
            for tap in 0..<taps.counts[row] {
              let weight = taps.weights[row * taps.stride + tap]
              let start = (taps.starts[row] + tap) * rowBytes
              for place in 0..<rowBytes { sums[place] &+= Int32(source[start + place]) &* weight }
            }
            for place in 0..<rowBytes {
              result[row * rowBytes + place] = UInt8(clamping: sums[place] >> taps.precision)
            }
          }
        }
      }
      count = rowBytes * height
    }
    return RGBImage(width: image.width, height: height, pixels: pixels)
  }

  private static func bytes(_ sum: SIMD4<Int32>, _ precision: Int32) -> SIMD4<UInt8> {
    SIMD4(clamping: sum &>> SIMD4(repeating: precision))
  }
}
