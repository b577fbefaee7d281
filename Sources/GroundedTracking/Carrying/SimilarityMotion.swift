/// How something moves in a picture: turned, scaled and shifted. Places are pixels from the picture's left upper corner.
///
/// `x' = a x − b y + tx`, `y' = b x + a y + ty`.
struct SimilarityMotion: Hashable, Sendable {
  var a: Float
  var b: Float
  var shift: SIMD2<Float>

  static let identity = SimilarityMotion(a: 1, b: 0, shift: .zero)

  func applied(to place: SIMD2<Float>) -> SIMD2<Float> {
    SIMD2(a * place.x - b * place.y, b * place.x + a * place.y) + shift
  }

  var scale: Float { (a * a + b * b).squareRoot() }

  var inverse: SimilarityMotion? {
    let square = a * a + b * b
    guard square > 1e-6 else { return nil }
    let turned = SimilarityMotion(a: a / square, b: -b / square, shift: .zero)
    return SimilarityMotion(a: turned.a, b: turned.b, shift: -turned.applied(to: shift))
  }

  /// The box around a moved box: left, top, right, bottom.
  func box(around box: SIMD4<Float>) -> SIMD4<Float> {
    let corners = [box.lowHalf, SIMD2(box.z, box.y), SIMD2(box.x, box.w), box.highHalf].map(applied)
    let low = corners.dropFirst().reduce(corners[0], pointwiseMin)
    let high = corners.dropFirst().reduce(corners[0], pointwiseMax)
    return SIMD4(lowHalf: low, highHalf: high)
  }

  /// A moved box as large as its scale, not turned: what a detection's box becomes.
  func upright(_ box: SIMD4<Float>) -> SIMD4<Float> {
    let centre = applied(to: (box.lowHalf + box.highHalf) / 2)
    let half = (box.highHalf - box.lowHalf) / 2 * scale
    return SIMD4(lowHalf: centre - half, highHalf: centre + half)
  }
}

/// Where places of one frame are in another.
struct PlacePairs: Hashable, Sendable {
  var from: [SIMD2<Float>] = []
  var to: [SIMD2<Float>] = []

  var count: Int { from.count }

  func filter(_ isIn: (SIMD2<Float>) -> Bool) -> PlacePairs {
    var result = PlacePairs()
    for (a, b) in zip(from, to) where isIn(a) {
      result.from.append(a)
      result.to.append(b)
    }
    return result
  }
}

/// The motion that most of several pairs of places share.
///
/// Sources: Fischler, Bolles 1981, "Random sample consensus" (the hypotheses, from pairs in a fixed order); Umeyama 1991,
/// "Least-squares estimation of transformation parameters between two point patterns" (the estimate).
struct RobustMotion: Hashable, Sendable {
  var motion: SimilarityMotion
  /// Share of the pairs that have it, 0…1.
  var support: Float

  /// Pairs of pairs that are tried at most.
  private static let hypotheses = 64

  /// - Parameters:
  ///   - tolerance: how far a place may lie from where the motion takes it, pixels.
  ///   - pairs: what moved.
  /// - Returns: `nil` when fewer than three pairs agree, or less than half, or the motion is none of an object: one
  ///   turned or scaled by more than a factor of two.
  init?(_ pairs: PlacePairs, tolerance: Float) {
    guard pairs.count >= 3 else { return nil }
    var best: (motion: SimilarityMotion, count: Int)?
    var state: UInt64 = 0x9e37_79b9_7f4a_7c15
    func random() -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % pairs.count
    }
    for _ in 0..<Self.hypotheses {
      let (first, second) = (random(), random())
      guard first != second, let motion = Self.estimate(pairs, [first, second]), Self.isPlausible(motion) else {
        continue
      }
      let count = Self.agreeing(pairs, motion, tolerance).count
      if count > best?.count ?? 2 { best = (motion, count) }
    }
    guard var found = best?.motion else { return nil }
    for _ in 0..<2 {
      guard let refined = Self.estimate(pairs, Self.agreeing(pairs, found, tolerance)) else { break }
      found = refined
    }
    let count = Self.agreeing(pairs, found, tolerance).count
    guard count >= 3, 2 * count >= pairs.count, Self.isPlausible(found) else { return nil }
    motion = found
    support = Float(count) / Float(pairs.count)
  }

  /// The shift that the middle one of the pairs has; any number of pairs.
  init?(shiftOf pairs: PlacePairs, tolerance: Float) {
    guard pairs.count > 0 else { return nil }
    let shifts = zip(pairs.to, pairs.from).map { $0 - $1 }
    func middle(_ values: [Float]) -> Float { values.sorted()[values.count / 2] }
    motion = SimilarityMotion(a: 1, b: 0, shift: SIMD2(middle(shifts.map(\.x)), middle(shifts.map(\.y))))
    support = Float(Self.agreeing(pairs, motion, tolerance).count) / Float(pairs.count)
  }

  private static func isPlausible(_ motion: SimilarityMotion) -> Bool {
    (0.5...2).contains(motion.scale) && motion.a > 0.5 * motion.scale
  }

  private static func agreeing(_ pairs: PlacePairs, _ motion: SimilarityMotion, _ tolerance: Float) -> [Int] {
    pairs.from.indices.filter { index in
      let offset = motion.applied(to: pairs.from[index]) - pairs.to[index]
      return (offset * offset).sum() <= tolerance * tolerance
    }
  }

  /// Least squares over some of the pairs.
  private static func estimate(_ pairs: PlacePairs, _ chosen: [Int]) -> SimilarityMotion? {
    guard chosen.count >= 2 else { return nil }
    let count = Float(chosen.count)
    let from = chosen.reduce(SIMD2<Float>.zero) { $0 + pairs.from[$1] } / count
    let to = chosen.reduce(SIMD2<Float>.zero) { $0 + pairs.to[$1] } / count
    var (dot, cross, spread): (Float, Float, Float) = (0, 0, 0)
    for index in chosen {
      let (p, q) = (pairs.from[index] - from, pairs.to[index] - to)
      dot += p.x * q.x + p.y * q.y
      cross += p.x * q.y - p.y * q.x
      spread += p.x * p.x + p.y * p.y
    }
    guard spread > 1e-3 else { return nil }
    var motion = SimilarityMotion(a: dot / spread, b: cross / spread, shift: .zero)
    motion.shift = to - motion.applied(to: from)
    return motion
  }
}
