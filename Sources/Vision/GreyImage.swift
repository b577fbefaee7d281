/// An 8-bit picture of brightness, rows without gaps. Pixel (0, 0) has its centre at coordinate (0, 0).
public struct GreyImage: Hashable, Sendable {
  public let width: Int
  public let height: Int
  /// Row after row.
  public private(set) var pixels: [UInt8]

  /// - Precondition: `width · height` pixels.
  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0 && pixels.count == width * height, "one byte for each pixel")
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// Copies the luma plane of a decoded picture.
  /// - Parameters:
  ///   - base: the first byte of the first row; `stride · (height − 1) + width` bytes must be readable.
  ///   - stride: bytes from row to row.
  public init(width: Int, height: Int, base: UnsafePointer<UInt8>, stride: Int) {
    precondition(width > 0 && height > 0 && stride >= width, "rows that hold their pixels")
    self.width = width
    self.height = height
    pixels = [UInt8](unsafeUninitializedCapacity: width * height) { target, count in
      guard let start = target.baseAddress else { return }
      for row in 0..<height { (start + row * width).initialize(from: base + row * stride, count: width) }
      count = width * height
    }
  }

  public subscript(x: Int, y: Int) -> UInt8 { pixels[y * width + x] }

  /// Half the size: each pixel the mean of the 4×4 around it, weighted 1 3 3 1, so that little aliases.
  public var halved: GreyImage {
    let (w, h) = (max(1, width / 2), max(1, height / 2))
    var result = [UInt8](repeating: 0, count: w * h)
    // Vertical sums of one row of the result, up to 8 · 255, the even and the odd columns apart; one more at each end.
    var even = [UInt16](repeating: 0, count: w + 2)
    var odd = even
    pixels.withUnsafeBufferPointer { source in
      result.withUnsafeMutableBufferPointer { result in
        even.withUnsafeMutableBufferPointer { even in
          odd.withUnsafeMutableBufferPointer { odd in
            guard let source = source.baseAddress, let result = result.baseAddress, let even = even.baseAddress,
              let odd = odd.baseAddress
            else { return }
            for y in 0..<h {
              let (a, b) = (source + max(2 * y - 1, 0) * width, source + 2 * y * width)
              let (c, d) = (
                source + min(2 * y + 1, height - 1) * width, source + min(2 * y + 2, height - 1) * width
              )
              func sum(_ x: Int) -> UInt16 {
                UInt16(a[x]) &+ UInt16(d[x]) &+ 3 &* (UInt16(b[x]) &+ UInt16(c[x]))
              }
              for x in 0..<w { even[x &+ 1] = sum(2 &* x) }
              for x in 0..<w - 1 { odd[x &+ 1] = sum(2 &* x &+ 1) }
              odd[w] = sum(min(2 * w - 1, width - 1))
              odd[0] = even[1]
              even[w + 1] = sum(min(2 * w, width - 1))
              let row = result + y * w
              for x in 0..<w {
                let inner = 3 &* (UInt32(even[x &+ 1]) &+ UInt32(odd[x &+ 1]))
                let total = UInt32(odd[x]) &+ UInt32(even[x &+ 2]) &+ inner
                row[x] = UInt8(truncatingIfNeeded: (total &+ 32) &>> 6)
              }
            }
          }
        }
      }
    }
    return GreyImage(width: w, height: h, pixels: result)
  }
}

/// A picture and its halves, quarters and so on.
///
/// A point at `p` on level 0 is at `(p + 0.5) / 2ⁿ − 0.5` on level n.
public struct ImagePyramid: Hashable, Sendable {
  /// Level 0 is the picture itself.
  public let levels: [GreyImage]
  /// The levels as floats, since alignment reads each pixel many times.
  let planes: [BrightnessPlane]
  /// Levels are not halved below this many pixels.
  static let smallestSide = 24

  /// - Parameter levelCount: how many levels at most, at least 1.
  public init(_ image: GreyImage, levelCount: Int) {
    precondition(levelCount >= 1, "at least the picture itself")
    var levels = [image]
    while levels.count < levelCount, let last = levels.last,
      min(last.width, last.height) / 2 >= Self.smallestSide
    {
      levels.append(last.halved)
    }
    self.levels = levels
    planes = levels.map(BrightnessPlane.init)
  }

  /// Where a pixel of level 0 is on `level`.
  public static func position(_ pixel: SIMD2<Float>, onLevel level: Int) -> SIMD2<Float> {
    (pixel + 0.5) / Float(1 << level) - 0.5
  }

  /// Where a pixel of `level` is on level 0.
  public static func basePosition(_ pixel: SIMD2<Float>, fromLevel level: Int) -> SIMD2<Float> {
    (pixel + 0.5) * Float(1 << level) - 0.5
  }
}

/// The pixels of a picture as floats.
struct BrightnessPlane: Hashable, Sendable {
  let width: Int
  let height: Int
  /// Row after row.
  let values: [Float]

  init(_ image: GreyImage) {
    (width, height) = (image.width, image.height)
    values = [Float](unsafeUninitializedCapacity: image.pixels.count) { target, count in
      image.pixels.withUnsafeBufferPointer { source in
        for index in 0..<source.count { target.initializeElement(at: index, to: Float(source[index])) }
      }
      count = image.pixels.count
    }
  }
}
