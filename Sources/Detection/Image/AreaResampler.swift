/// Makes pictures smaller: each pixel is the mean of what it covers. When a side becomes larger, each pixel is one of the
/// source, or two where it lies across their border.
///
/// Source: `INTER_AREA` of OpenCV, with which FastestDet was trained.
package struct AreaResampler {
  /// Source pixels that make one, and how much of each.
  private struct Taps {
    var start: Int
    var weights: [Float]

    static func interpolating(from source: Int, to target: Int) -> [Taps] {
      let scale = Double(source) / Double(target)
      return (0..<target).map { index in
        let start = min(Int(Double(index) * scale), source - 1)
        let next = Double(index + 1) - Double(start + 1) / scale
        let share = start + 1 < source && next > 0 ? Float(next - next.rounded(.down)) : 0
        return Taps(start: start, weights: share > 0 ? [1 - share, share] : [1])
      }
    }

    static func averaging(from source: Int, to target: Int) -> [Taps] {
      let scale = Double(source) / Double(target)
      return (0..<target).map { index in
        let (from, to) = (Double(index) * scale, min(Double(index + 1) * scale, Double(source)))
        let (first, last) = (Int(from), min(Int(to.rounded(.up)), source))
        let weights = (first..<max(last, first + 1)).map { pixel in
          Float((min(Double(pixel + 1), to) - max(Double(pixel), from)) / (to - from))
        }
        return Taps(start: first, weights: weights)
      }
    }
  }

  private let width: Int
  private let height: Int

  package init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  package func resized(_ image: RGBImage) -> RGBImage {
    let taps = image.width >= width && image.height >= height ? Taps.averaging : Taps.interpolating
    let (across, down) = (taps(image.width, width), taps(image.height, height))
    var pixels = [UInt8](repeating: 0, count: 3 * width * height)
    var sums = [SIMD4<Float>](repeating: .zero, count: width)
    image.pixels.withUnsafeBufferPointer { source in
      for (row, rows) in down.enumerated() {
        for index in sums.indices { sums[index] = .zero }
        // Along the rows first, as the reference does: the rounding is then the same.
        for (tap, share) in rows.weights.enumerated() {
          let start = 3 * (rows.start + tap) * image.width
          for (index, columns) in across.enumerated() {
            var sum = SIMD4<Float>.zero
            var byte = start + 3 * columns.start
            for weight in columns.weights {
              sum += SIMD4(Float(source[byte]), Float(source[byte + 1]), Float(source[byte + 2]), 0) * weight
              byte += 3
            }
            sums[index] += sum * share
          }
        }
        for index in sums.indices {
          let rounded = sums[index].rounded(.toNearestOrEven)
          for channel in 0..<3 { pixels[3 * (row * width + index) + channel] = UInt8(rounded[channel]) }
        }
      }
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }
}
