/// What is around a pixel of one picture, kept on several levels, so that later pictures can be searched for it.
///
/// A few kilobytes. Since it stays what it was, a patch that is followed by its template does not creep.
public struct PatchTemplate: Hashable, Sendable {
  /// Side of what is kept on each level, pixels: a patch with room for turning and for being seen from nearer by.
  static let regionSide = 32

  /// The kept part of one level.
  struct Region: Hashable, Sendable {
    /// Where its rows begin in the bytes of the template.
    var start: Int
    var width: Int
    var height: Int
    /// The centre of the patch, pixels of the region.
    var centre: SIMD2<Float>
  }

  let regions: [Region]
  let bytes: [UInt8]

  /// - Parameter centre: pixels on level 0.
  /// - Returns: `nil` when `centre` is not a pixel of the picture.
  public init?(_ pyramid: ImagePyramid, centre: SIMD2<Float>) {
    let base = pyramid.levels[0]
    guard centre.x >= 0, centre.y >= 0, centre.x < Float(base.width), centre.y < Float(base.height) else { return nil }
    var regions: [Region] = []
    var bytes: [UInt8] = []
    bytes.reserveCapacity(pyramid.levels.count * Self.regionSide * Self.regionSide)
    for (level, image) in pyramid.levels.enumerated() {
      let position = ImagePyramid.position(centre, onLevel: level)
      let (width, height) = (min(Self.regionSide, image.width), min(Self.regionSide, image.height))
      let left = min(max(Int(position.x.rounded()) - width / 2, 0), image.width - width)
      let top = min(max(Int(position.y.rounded()) - height / 2, 0), image.height - height)
      regions.append(
        Region(
          start: bytes.count, width: width, height: height, centre: position - SIMD2(Float(left), Float(top))))
      for row in top..<top + height {
        bytes += image.pixels[row * image.width + left..<row * image.width + left + width]
      }
    }
    (self.regions, self.bytes) = (regions, bytes)
  }

  /// Samples a square around the centre, as it looks after a warp.
  /// - Parameter side: pixels across.
  /// - Returns: whether the square lies inside what is kept; else `target` is partly filled.
  func sample(level: Int, warp: PatchWarp, side: Int, into target: UnsafeMutablePointer<Float>) -> Bool {
    let region = regions[level]
    let half = Float(side - 1) / 2
    let (across, down) = (SIMD2(warp.xx, warp.yx), SIMD2(warp.xy, warp.yy))
    let corner = region.centre - half * (across + down)
    let reach = half * SIMD2(abs(warp.xx) + abs(warp.xy), abs(warp.yx) + abs(warp.yy))
    let (low, high) = (region.centre - reach, region.centre + reach)
    // A hundredth for rounding.
    let limit = SIMD2(Float(region.width), Float(region.height)) - 1.01
    guard low.x >= 0.01, low.y >= 0.01, high.x < limit.x, high.y < limit.y else { return false }
    // Fixed point, 16 bits after the point, of which interpolation uses 8.
    func fixed(_ value: Float) -> Int { Int((value * 65_536).rounded()) }
    let step = (fixed(across.x), fixed(across.y))
    bytes.withUnsafeBufferPointer { bytes in
      guard let pixels = bytes.baseAddress.map({ $0 + region.start }) else { return }
      for y in 0..<side {
        let start = corner + Float(y) * down
        var (u, v) = (fixed(start.x), fixed(start.y))
        for x in 0..<side {
          let upper = pixels + ((v &>> 16) &* region.width &+ (u &>> 16))
          let lower = upper + region.width
          let (fx, fy) = ((u &>> 8) & 255, (v &>> 8) & 255)
          let (a, b, c, d) = (Int(upper[0]), Int(upper[1]), Int(lower[0]), Int(lower[1]))
          let top = a &<< 8 &+ fx &* (b &- a)
          let bottom = c &<< 8 &+ fx &* (d &- c)
          target[y &* side &+ x] = Float(top &<< 8 &+ fy &* (bottom &- top)) * (1 / 65_536)
          u &+= step.0
          v &+= step.1
        }
      }
    }
    return true
  }
}

/// How offsets from a patch's centre change from a picture back to the template: a 2×2 matrix, row by row.
public struct PatchWarp: Hashable, Sendable {
  public var xx: Float
  public var xy: Float
  public var yx: Float
  public var yy: Float

  public static let identity = PatchWarp(xx: 1, xy: 0, yx: 0, yy: 1)

  public init(xx: Float, xy: Float, yx: Float, yy: Float) {
    (self.xx, self.xy, self.yx, self.yy) = (xx, xy, yx, yy)
  }

  /// The warp that undoes what takes offset (1, 0) of the template to `across` in the picture, and (0, 1) to `down`.
  /// - Returns: `nil` when the picture shows the patch from behind, or too slanted.
  public init?(inverting across: SIMD2<Float>, _ down: SIMD2<Float>) {
    let determinant = across.x * down.y - across.y * down.x
    guard determinant > 0.1, determinant < 10 else { return nil }
    self.init(
      xx: down.y / determinant, xy: -down.x / determinant, yx: -across.y / determinant, yy: across.x / determinant)
  }

  /// By how much the picture shows the patch greater than the template does.
  public var magnification: Float { 1 / (xx * yy - xy * yx).magnitude.squareRoot() }
}
