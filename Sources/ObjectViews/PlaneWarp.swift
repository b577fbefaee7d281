/// A homography between two images, in coordinates around their centres: `(x, y)` goes to
/// `((h₀x + h₁y + h₂)/w, (h₃x + h₄y + h₅)/w)`, `w = h₆x + h₇y + 1`.
///
/// Coordinates are `(pixel + ½ − size/2) / unit` with one unit of length for both images, so that they are the same on all
/// levels of a pyramid.
struct PlaneWarp: Hashable, Sendable {
  var h: (Double, Double, Double, Double, Double, Double, Double, Double)

  static let identity = PlaneWarp(h: (1, 0, 0, 0, 1, 0, 0, 0))

  /// A shift after a scaling.
  init(scale: SIMD2<Double>, shift: SIMD2<Double>) { h = (scale.x, 0, shift.x, 0, scale.y, shift.y, 0, 0) }

  init(h: (Double, Double, Double, Double, Double, Double, Double, Double)) { self.h = h }

  static func == (a: PlaneWarp, b: PlaneWarp) -> Bool { a.rows == b.rows }

  func hash(into hasher: inout Hasher) { hasher.combine(rows) }

  /// Row-major, 3×3.
  private var rows: [Double] { [h.0, h.1, h.2, h.3, h.4, h.5, h.6, h.7, 1] }

  func callAsFunction(_ p: SIMD2<Double>) -> SIMD2<Double> {
    let w = h.6 * p.x + h.7 * p.y + 1
    return SIMD2((h.0 * p.x + h.1 * p.y + h.2) / w, (h.3 * p.x + h.4 * p.y + h.5) / w)
  }

  /// This warp after the inverse of a small one.
  /// - Parameter step: what the small one differs by from the identity.
  /// - Returns: `nil` when it is degenerate.
  func afterInverse(of step: [Double]) -> PlaneWarp? {
    let m = [1 + step[0], step[1], step[2], step[3], 1 + step[4], step[5], step[6], step[7], 1]
    // The adjugate is the inverse up to a factor, which the last division takes out.
    let inverse = [
      m[4] * m[8] - m[5] * m[7], m[2] * m[7] - m[1] * m[8], m[1] * m[5] - m[2] * m[4],
      m[5] * m[6] - m[3] * m[8], m[0] * m[8] - m[2] * m[6], m[2] * m[3] - m[0] * m[5],
      m[3] * m[7] - m[4] * m[6], m[1] * m[6] - m[0] * m[7], m[0] * m[4] - m[1] * m[3],
    ]
    let own = rows
    var product = [Double](repeating: 0, count: 9)
    for row in 0..<3 {
      for column in 0..<3 {
        for inner in 0..<3 { product[row * 3 + column] += own[row * 3 + inner] * inverse[inner * 3 + column] }
      }
    }
    guard abs(product[8]) > 1e-6 else { return nil }
    let p = product.map { $0 / product[8] }
    guard p.allSatisfy(\.isFinite) else { return nil }
    return PlaneWarp(h: (p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]))
  }

  /// How areas grow at the centre.
  var areaGrowth: Double { (h.0 - h.2 * h.6) * (h.4 - h.5 * h.7) - (h.1 - h.2 * h.7) * (h.3 - h.5 * h.6) }
}

/// How pixels of an image and coordinates of a ``PlaneWarp`` belong together.
struct PlaneFrame: Sendable {
  let centre: SIMD2<Double>
  let unit: Double

  /// - Parameters:
  ///   - unit: pixels of the image.
  ///   - scale: how many pixels of this grid are one of the image; ½ on the first level of a pyramid.
  init(width: Int, height: Int, unit: Double, scale: Double = 1) {
    centre = SIMD2(Double(width), Double(height)) * scale / 2 - 0.5
    self.unit = unit * scale
  }

  func coordinate(_ pixel: SIMD2<Double>) -> SIMD2<Double> { (pixel - centre) / unit }

  func pixel(_ coordinate: SIMD2<Double>) -> SIMD2<Double> { coordinate * unit + centre }
}
