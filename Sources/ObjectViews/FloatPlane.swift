/// One plane of an image as floats, rows without gaps. Pixel (0, 0) has its centre at coordinate (0, 0).
struct FloatPlane: Sendable {
  let width: Int
  let height: Int
  var values: [Float]

  init(width: Int, height: Int, values: [Float]) {
    (self.width, self.height, self.values) = (width, height, values)
  }

  init(width: Int, height: Int, bytes: [UInt8]) {
    self.init(width: width, height: height, values: bytes.map { Float($0) })
  }

  /// Filtered by a symmetric kernel along rows and columns; the edge goes on as it is.
  /// - Parameter kernel: from the middle outwards: the weight of the pixel, of its neighbours, of theirs.
  func filtered(_ kernel: [Float]) -> FloatPlane {
    let radius = kernel.count - 1
    var rows = values
    var result = values
    var padded = [Float](repeating: 0, count: max(width, height) + 2 * radius)
    values.withUnsafeBufferPointer { source in
      rows.withUnsafeMutableBufferPointer { rows in
        result.withUnsafeMutableBufferPointer { result in
          padded.withUnsafeMutableBufferPointer { line in
            for y in 0..<height {
              let start = y * width
              for x in 0..<width + 2 * radius { line[x] = source[start + min(max(x - radius, 0), width - 1)] }
              for x in 0..<width { rows[start + x] = kernel[0] * line[x + radius] }
              for tap in stride(from: 1, through: radius, by: 1) {
                let weight = kernel[tap]
                for x in 0..<width {
                  rows[start &+ x] += weight * (line[x &+ radius &- tap] + line[x &+ radius &+ tap])
                }
              }
            }
            for y in 0..<height {
              let start = y * width
              for x in 0..<width { result[start + x] = kernel[0] * rows[start + x] }
              for tap in stride(from: 1, through: radius, by: 1) {
                let (weight, up, down) = (kernel[tap], max(y - tap, 0) * width, min(y + tap, height - 1) * width)
                for x in 0..<width { result[start &+ x] += weight * (rows[up &+ x] + rows[down &+ x]) }
              }
            }
          }
        }
      }
    }
    return FloatPlane(width: width, height: height, values: result)
  }

  /// Smoothed by the binomial filter 1 2 1.
  var smoothed: FloatPlane { filtered([0.5, 0.25]) }

  /// The mean of 3×3 pixels.
  var boxed: FloatPlane { filtered([1 / 3, 1 / 3]) }

  /// Blurred by a Gaussian.
  func blurred(sigma: Float) -> FloatPlane { filtered(Self.gaussian(sigma)) }

  /// One half of a Gaussian, from its middle outwards, that adds up to 1 as a whole.
  static func gaussian(_ sigma: Float) -> [Float] {
    let radius = max(1, Int((3 * sigma).rounded(.up)))
    let half = (0...radius).map { exponential(-Float($0 * $0) / (2 * sigma * sigma)) }
    let sum = 2 * half.reduce(0, +) - half[0]
    return half.map { $0 / sum }
  }

  /// Half the size: each pixel the mean of the 4×4 around it, weighted 1 3 3 1.
  var halved: FloatPlane {
    let (w, h) = (max(1, width / 2), max(1, height / 2))
    var rows = [Float](repeating: 0, count: w * height)
    for y in 0..<height {
      for x in 0..<w {
        let at = { (offset: Int) in values[y * width + min(max(2 * x + offset, 0), width - 1)] }
        rows[y * w + x] = (at(-1) + at(2) + 3 * (at(0) + at(1))) / 8
      }
    }
    var result = [Float](repeating: 0, count: w * h)
    for y in 0..<h {
      for x in 0..<w {
        let at = { (offset: Int) in rows[min(max(2 * y + offset, 0), height - 1) * w + x] }
        result[y * w + x] = (at(-1) + at(2) + 3 * (at(0) + at(1))) / 8
      }
    }
    return FloatPlane(width: w, height: h, values: result)
  }

  /// The standard deviation of white noise in it, from what a filter leaves that is blind to planes and to most edges.
  ///
  /// Source: Immerkær 1996, "Fast noise variance estimation"; here by the median, which edges do not move.
  var noise: Float {
    guard width >= 3, height >= 3 else { return 0 }
    var responses: [Float] = []
    responses.reserveCapacity((width - 2) * (height - 2))
    for y in 1..<height - 1 {
      for x in 1..<width - 1 {
        let at = y * width + x
        let corners = values[at - width - 1] + values[at - width + 1] + values[at + width - 1] + values[at + width + 1]
        let sides = values[at - 1] + values[at + 1] + values[at - width] + values[at + width]
        responses.append(abs(corners - 2 * sides + 4 * values[at]))
      }
    }
    responses.sort()
    // The filter multiplies the deviation by 6; the median of its magnitude is 0.6745 of that.
    return responses[responses.count / 2] / (0.6745 * 6)
  }
}
