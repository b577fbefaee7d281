import MediaModel
import TestSupport

/// A picture painted by a function, and what of it is the object.
struct PaintedPicture {
  var resolution: Resolution
  var picture: Picture
  var truth: RunLengthMask

  /// - Parameters:
  ///   - isObject: which pixels are of the object.
  ///   - colour: luma, Cb and Cr of a pixel that is of the object or not.
  ///   - noise: deviation of luma and chroma.
  init(
    width: Int, height: Int, noise: Float, seed: UInt64 = 1, isObject: (Int, Int) -> Bool,
    colour: (Int, Int, Bool) -> SIMD3<Float>
  ) {
    resolution = Resolution(width: width, height: height)
    let builder = PictureBuilder(resolution: resolution)
    var random = SeededGenerator(seed: seed)
    func noisy(_ value: Float) -> UInt8 {
      let normal = (0..<3).reduce(Float(0)) { sum, _ in sum + Float.random(in: -1...1, using: &random) }
      return UInt8(min(max((value + noise * normal).rounded(), 0), 255))
    }
    for y in 0..<height {
      for x in 0..<width {
        let value = colour(x, y, isObject(x, y))
        builder.luma[y * builder.strides.luma + x] = noisy(value.x)
        if x % 2 == 0, y % 2 == 0 {
          builder.cb[y / 2 * builder.strides.chroma + x / 2] = noisy(value.y)
          builder.cr[y / 2 * builder.strides.chroma + x / 2] = noisy(value.z)
        }
      }
    }
    picture = builder.seal()
    truth = RunLengthMask(resolution: resolution, columns: 0..<width, rows: 0..<height, isSet: isObject)
  }

  func overlap(_ mask: RunLengthMask?) -> Double {
    guard let mask, mask.resolution == resolution else { return 0 }
    let (a, b) = (mask.pixels(), truth.pixels())
    let common = zip(a, b).count { $0 == 1 && $1 == 1 }
    return Double(common) / Double(zip(a, b).count { $0 == 1 || $1 == 1 })
  }
}
