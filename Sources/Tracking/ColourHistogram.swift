public import MediaModel

/// How something looks: which colours its pixels have, whatever its shape, and a little of how bright they are.
///
/// A histogram over luma, Cb and Cr, taken from the planes of a picture as they are. Chroma is drawn out near grey, where
/// most things are. Each sample is shared among the eight bins around its colour, so that a small change of light
/// changes the histogram a little. Two histograms are compared by the Bhattacharyya coefficient.
///
/// Source: Comaniciu, Ramesh and Meer 2003, "Kernel-Based Object Tracking", for the weight of the middle of a box.
public struct ColourHistogram: Sendable {
  private static let lumaBins = 4
  private static let chromaBins = 7
  /// Samples that are taken, about: more tell little more.
  private static let samples = 2048

  /// Numbers of a histogram.
  public static let count = lumaBins * chromaBins * chromaBins

  /// For each value of a byte the lower of its two bins, and the share of the upper.
  private struct Bins: Sendable {
    var lower: [Int32] = []
    var share: [Float] = []

    init(count: Int, stepping: Int, place: (Float) -> Float) {
      for value in 0..<256 {
        let place = min(max(place(Float(value)), 0), 1) * Float(count - 1)
        let bin = min(Int(place), count - 2)
        lower.append(Int32(bin * stepping))
        share.append(place - Float(bin))
      }
    }
  }

  private let luma: Bins
  private let cb: Bins
  private let cr: Bins

  public init() {
    luma = Bins(count: Self.lumaBins, stepping: Self.chromaBins * Self.chromaBins) { ($0 - 16) / 219 }
    func drawn(_ value: Float) -> Float {
      let offset = (value - 128) / 64
      let root = min(offset.magnitude, 1).squareRoot()
      return (offset < 0 ? -root : root) / 2 + 0.5
    }
    cb = Bins(count: Self.chromaBins, stepping: Self.chromaBins, place: drawn)
    cr = Bins(count: Self.chromaBins, stepping: 1, place: drawn)
  }

  /// The colours of the pixels of a mask, or else of a box, of which the middle counts most.
  ///
  /// - Parameters:
  ///   - box: left, top, right, bottom, pixels.
  ///   - mask: as large as the picture.
  /// - Returns: ``count`` numbers that add up to 1; none where the mask is empty and the box outside the picture.
  /// - Complexity: some 2,000 pixels, however large the object is.
  public func appearance(of picture: Picture, in box: SIMD4<Float>, mask: RunLengthMask? = nil) -> [Float] {
    var result = [Float](repeating: 0, count: Self.count)
    picture.withPlanes { luma, cb, cr in
      result.withUnsafeMutableBufferPointer { bins in
        func add(_ x: Int, _ y: Int, _ weight: Float) {
          let chroma = y / 2 * cb.stride + x / 2, other = y / 2 * cr.stride + x / 2
          count(luma.base[y * luma.stride + x], cb.base[chroma], cr.base[other], weight, to: bins)
        }
        if let mask, mask.resolution == picture.resolution, mask.area > 0 {
          Self.forEachSample(of: mask) { x, y in add(x, y, 1) }
        } else {
          Self.forEachSample(of: box, in: picture.resolution, add)
        }
      }
    }
    let sum = result.reduce(0, +)
    guard sum > 0 else { return [] }
    for index in result.indices { result[index] /= sum }
    return result
  }

  @inline(__always) private func count(
    _ y: UInt8, _ u: UInt8, _ v: UInt8, _ weight: Float, to bins: UnsafeMutableBufferPointer<Float>
  ) {
    let (y, u, v) = (Int(y), Int(u), Int(v))
    let first = Int(luma.lower[y] + cb.lower[u] + cr.lower[v])
    let bright = weight * luma.share[y], dark = weight - bright
    let (blue, red) = (cb.share[u], cr.share[v])
    let parts = SIMD4((1 - blue) * (1 - red), (1 - blue) * red, blue * (1 - red), blue * red)
    for (offset, amount) in [(first, dark), (first + Self.chromaBins * Self.chromaBins, bright)] {
      bins[offset] += amount * parts.x
      bins[offset + 1] += amount * parts.y
      bins[offset + Self.chromaBins] += amount * parts.z
      bins[offset + Self.chromaBins + 1] += amount * parts.w
    }
  }

  private static func forEachSample(of mask: RunLengthMask, _ body: (Int, Int) -> Void) {
    let step = max(1, mask.area / samples)
    let height = mask.resolution.height
    var (position, wait) = (0, step / 2)
    for (index, run) in mask.runs.enumerated() {
      if index % 2 == 1 {
        var offset = wait
        while offset < run {
          body((position + offset) / height, (position + offset) % height)
          offset += step
        }
        wait = offset - run
      }
      position += run
    }
  }

  /// Each sample with its weight: 1 in the middle, next to nothing from the ellipse in the box on.
  private static func forEachSample(
    of box: SIMD4<Float>, in resolution: Resolution, _ body: (Int, Int, Float) -> Void
  ) {
    let limits = SIMD4(0, 0, Float(resolution.width), Float(resolution.height))
    let inside = SIMD4(
      lowHalf: pointwiseMax(box.lowHalf, limits.lowHalf), highHalf: pointwiseMin(box.highHalf, limits.highHalf))
    let sides = box.highHalf - box.lowHalf
    guard sides.x > 0, sides.y > 0, inside.z > inside.x, inside.w > inside.y else { return }
    let area = (inside.z - inside.x) * (inside.w - inside.y)
    let step = max(1, Int((area / Float(samples)).squareRoot()))
    let centre = (box.lowHalf + box.highHalf) / 2
    for y in stride(from: Int(inside.y), to: Int(inside.w.rounded(.up)), by: step) {
      for x in stride(from: Int(inside.x), to: Int(inside.z.rounded(.up)), by: step) {
        let offset = (SIMD2(Float(x), Float(y)) + 0.5 - centre) / (sides / 2)
        body(x, y, max(1 - (offset * offset).sum(), 0.02))
      }
    }
  }
}
