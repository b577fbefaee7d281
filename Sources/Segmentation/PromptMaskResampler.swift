import MediaModel

/// Brings a mask of the picture's size to the square that the networks see.
///
/// Source: `process_new_mask_for_video_frame` of the models' reference implementation: PyTorch's `interpolate`, bilinear
/// with antialiasing, and then whatever is at least a half.
struct PromptMaskResampler {
  /// Where the cells that make one come from, and their weights.
  private struct Taps {
    var start: Int
    var weights: [Float]

    static func make(from source: Int, to target: Int) -> [Taps] {
      let scale = Float(source) / Float(target)
      let support = max(scale, 1)
      return (0..<target).map { place in
        let centre = scale * (Float(place) + 0.5)
        let start = max(Int(centre - support + 0.5), 0)
        let end = min(Int(centre + support + 0.5), source)
        let weights = (start..<end).map { max(0, 1 - abs((Float($0) - centre + 0.5) / support)) }
        let total = weights.reduce(0, +)
        return Taps(start: start, weights: weights.map { $0 / total })
      }
    }
  }

  let size: Int

  /// - Returns: 0 or 1, `[size, size]`.
  func resized(_ mask: RunLengthMask) -> [Float] {
    let (width, height) = (mask.resolution.width, mask.resolution.height)
    let pixels = mask.pixels()
    let across = Taps.make(from: width, to: size)
    let down = Taps.make(from: height, to: size)
    var rows = [Float](repeating: 0, count: size * height)
    for y in 0..<height {
      for (x, taps) in across.enumerated() {
        var sum: Float = 0
        for (tap, weight) in taps.weights.enumerated() where pixels[y * width + taps.start + tap] != 0 { sum += weight }
        rows[y * size + x] = sum
      }
    }
    var result = [Float](repeating: 0, count: size * size)
    for (y, taps) in down.enumerated() {
      for x in 0..<size {
        var sum: Float = 0
        for (tap, weight) in taps.weights.enumerated() { sum += weight * rows[(taps.start + tap) * size + x] }
        result[y * size + x] = sum >= 0.5 ? 1 : 0
      }
    }
    return result
  }
}
