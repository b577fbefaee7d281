/// How a view lies over the reference.
struct ViewPlacement: Sendable {
  /// View from reference.
  var warp: PlaneWarp
  /// Brightness of the reference is `gain · view + bias`.
  var gain: Float
  var bias: Float
  /// Root mean square of what differs after that, grey levels, and the correlation of both.
  var residual: Float
  var correlation: Float
}

/// Finds how views of an object lie over a reference, by direct alignment of brightness, coarse to fine.
///
/// Inverse-compositional Gauss–Newton, first for a shift, then an affine map, then a homography where that fits better;
/// with gain and bias of brightness; pixels of the object only; differences weighted by Huber's function, since parts
/// of the object move by themselves. Source: Baker, Matthews 2004, "Lucas-Kanade 20 years on", parts 1 to 3.
struct ViewRegistration: Sendable {
  /// Rounds on each level and for each kind of map.
  static let rounds = 12
  /// More pixels than these make alignment no better: of more, every second one counts, every third and so on.
  static let places = 12_000
  /// Levels are not halved below this.
  static let smallestSide = 14

  /// One level of the reference's pyramid.
  private struct Level {
    var plane: FloatPlane
    var frame: PlaneFrame
    var scale: Double
    /// Pixels that count, as places in the plane.
    var places: [Int32]
    var gradients: [SIMD2<Float>]
  }

  private let levels: [Level]
  private let unit: Double
  private let box: SIMD4<Float>
  private let size: SIMD2<Double>

  /// - Parameters:
  ///   - reference: luma.
  ///   - weights: 1 for pixels of the object, else 0; as many as pixels.
  ///   - box: of the object in the reference.
  init(_ reference: FloatPlane, weights: [UInt8], box: SIMD4<Float>) {
    unit = Double(max(reference.width, reference.height)) / 2
    size = SIMD2(Double(reference.width), Double(reference.height))
    self.box = box
    var levels: [Level] = []
    var plane = reference.smoothed
    var cover = FloatPlane(width: reference.width, height: reference.height, bytes: weights)
    var scale = 1.0
    while true {
      let frame = PlaneFrame(width: reference.width, height: reference.height, unit: unit, scale: scale)
      levels.append(Self.level(plane, cover, frame, scale))
      guard min(plane.width, plane.height) / 2 >= Self.smallestSide, levels.count < 6 else { break }
      (plane, cover, scale) = (plane.halved, cover.halved, scale / 2)
    }
    self.levels = levels
  }

  private static func level(_ plane: FloatPlane, _ cover: FloatPlane, _ frame: PlaneFrame, _ scale: Double) -> Level {
    var (places, gradients): ([Int32], [SIMD2<Float>]) = ([], [])
    let width = plane.width
    for y in stride(from: 1, to: plane.height - 1, by: 1) {
      for x in stride(from: 1, to: width - 1, by: 1) where cover.values[y * width + x] >= 0.5 {
        let at = y * width + x
        places.append(Int32(at))
        gradients.append(
          SIMD2(
            (plane.values[at + 1] - plane.values[at - 1]) / 2, (plane.values[at + width] - plane.values[at - width]) / 2
          ))
      }
    }
    // An odd step, so that rows of even width are not taken by columns.
    let step = (places.count / Self.places) | 1
    guard step > 1 || places.count > Self.places else {
      return Level(plane: plane, frame: frame, scale: scale, places: places, gradients: gradients)
    }
    let taken = stride(from: 0, to: places.count, by: max(step, 3))
    return Level(
      plane: plane, frame: frame, scale: scale, places: taken.map { places[$0] }, gradients: taken.map { gradients[$0] }
    )
  }

  /// Places a view.
  /// - Parameter box: of the object in the view: where the search begins.
  /// - Returns: `nil` when nothing in the view resembles the reference.
  func place(_ view: FloatPlane, box viewBox: SIMD4<Float>) -> ViewPlacement? {
    var pyramid = [view.smoothed]
    while pyramid.count < levels.count, let last = pyramid.last { pyramid.append(last.halved) }
    let viewSize = SIMD2(Double(view.width), Double(view.height))
    var best: ViewPlacement?
    for guess in guesses(viewBox, viewSize) {
      guard let found = descend(pyramid, view, from: guess) else { continue }
      if best.map({ found.residual < $0.residual }) ?? true { best = found }
      // A good fit needs no second try.
      if found.correlation > 0.97 { break }
    }
    return best
  }

  /// Box onto box, in size and place; and in place only, as boxes breathe.
  private func guesses(_ viewBox: SIMD4<Float>, _ viewSize: SIMD2<Double>) -> [PlaneWarp] {
    func centre(_ box: SIMD4<Float>, _ size: SIMD2<Double>) -> SIMD2<Double> {
      (SIMD2(Double(box.x + box.z), Double(box.y + box.w)) / 2 - size / 2) / unit
    }
    let (from, to) = (centre(box, size), centre(viewBox, viewSize))
    let growth = SIMD2(
      Double((viewBox.z - viewBox.x) / max(box.z - box.x, 1)), Double((viewBox.w - viewBox.y) / max(box.w - box.y, 1)))
    let scale = SIMD2(repeating: min(max((growth.x * growth.y).squareRoot(), 0.5), 2))
    let scaled = PlaneWarp(scale: scale, shift: to - scale * from)
    let shifted = PlaneWarp(scale: SIMD2(1, 1), shift: to - from)
    return abs(scale.x - 1) < 0.02 ? [shifted] : [scaled, shifted]
  }

  private func descend(_ pyramid: [FloatPlane], _ view: FloatPlane, from guess: PlaneWarp) -> ViewPlacement? {
    var warp = guess
    var found: ViewPlacement?
    for index in levels.indices.reversed() {
      let level = levels[index]
      let frame = PlaneFrame(width: view.width, height: view.height, unit: unit, scale: level.scale)
      let aligner = LevelAligner(
        plane: level.plane, frame: level.frame, places: level.places, gradients: level.gradients,
        view: pyramid[index], viewFrame: frame)
      // Six unknowns need some pixels to stand on.
      if index == levels.count - 1 { warp = aligner.searched(around: warp) }
      guard let shifted = aligner.align(warp, .shift, rounds: Self.rounds) else { return nil }
      found = shifted
      if level.places.count >= 60, let affine = aligner.align(shifted.warp, .affine, rounds: Self.rounds),
        affine.residual <= shifted.residual
      {
        found = affine
        if index == 0, level.places.count >= 400,
          let full = aligner.align(affine.warp, .homography, rounds: Self.rounds),
          full.residual < 0.97 * affine.residual
        {
          found = full
        }
      }
      warp = found?.warp ?? warp
    }
    guard let found, found.warp.areaGrowth > 0.2, found.warp.areaGrowth < 5 else { return nil }
    return found
  }
}
