import Vision

extension ObjectShape {
  /// A picture, and where the object is in it.
  struct Frame {
    var picture: WorkingPicture
    var pose: MovingObject.Pose

    /// Where a place of the object is in the picture.
    func image(_ place: SIMD2<Float>) -> SIMD2<Float> { pose.centre + place * pose.scale }
    /// Which place of the object is at one of the picture.
    func object(_ place: SIMD2<Float>) -> SIMD2<Float> { (place - pose.centre) / pose.scale }
  }

  /// How cells differ from what they are in other pictures, grey levels; ``unknown`` where nothing tells.
  struct CellErrors {
    static let unknown: Float = 1_000
    /// Were they at rest.
    var rest = [Float](repeating: unknown, count: count)
    /// Were they at rest, in pictures in which the object does not hide the ground there.
    var bare = [Float](repeating: unknown, count: count)
    /// Did they move with the object.
    var own = [Float](repeating: unknown, count: count)
    /// What differs by no more is the same.
    var tolerance: Float = 3
    /// Beyond the tolerance, by so much all is another thing.
    static let range: Float = 8

    /// How unlike an error is to be one of noise, 0…1.
    func unlikeness(_ error: Float) -> Float { min(max((error - tolerance) / Self.range, 0), 1) }
  }

  /// - Parameter shown: what the frame shows of the cells, at `pixels`.
  func errors(
    _ frame: Frame, _ references: [(frame: Frame, rest: RestMotion)], _ pixels: [SIMD2<Float>], _ shown: CellSamples
  ) -> CellErrors {
    var errors = CellErrors()
    for (reference, rest) in references {
      let atRest = pixels.map { rest.then($0) }
      let moved = pixels.map { reference.image(frame.object($0)) }
      let still = Self.differences(shown, CellSamples(reference.picture, at: atRest), canBeShaded: true)
      let own = Self.differences(shown, CellSamples(reference.picture, at: moved), canBeShaded: false)
      for index in 0..<Self.count {
        errors.own[index] = min(errors.own[index], own[index])
        errors.rest[index] = min(errors.rest[index], still[index])
        if still[index] < CellErrors.unknown, !contains(reference.object(atRest[index])) {
          errors.bare[index] = min(errors.bare[index], still[index])
        }
      }
    }
    // What is surely at rest shows how much noise there is.
    let isQuiet = { (index: Int) in !cells[index].isOwn && cells[index].evidence < -0.3 }
    let quiet = (0..<Self.count).filter { isQuiet($0) && errors.rest[$0] < CellErrors.unknown }
      .map { errors.rest[$0] }.sorted()
    if quiet.count > 100 { errors.tolerance = max(3, 1.5 * quiet[quiet.count * 7 / 10]) }
    return errors
  }

  /// Adds what a frame shows to the evidence; what is old fades as new comes.
  mutating func gather(_ errors: CellErrors) {
    for index in 0..<Self.count where errors.rest[index] < CellErrors.unknown && errors.own[index] < CellErrors.unknown
    {
      let own = errors.unlikeness(errors.own[index])
      let step: Float
      if errors.bare[index] < CellErrors.unknown {
        let rest = errors.unlikeness(errors.bare[index])
        step = rest - (1 - rest) * (0.4 + 0.6 * own)
      } else {
        // The object hides the ground there, or did: that it looks otherwise says little.
        let rest = errors.unlikeness(errors.rest[index])
        step = 0.3 * rest * (1 - own) - (1 - rest) * (0.03 + 0.97 * own)
      }
      cells[index].evidence = cells[index].evidence * (1 - 0.12 * max(abs(step), 0.1)) + step
    }
    for index in 0..<Self.count {
      if errors.own[index] < CellErrors.unknown {
        cells[index].ownChange += 0.15 * (errors.unlikeness(errors.own[index]) - cells[index].ownChange)
      }
      if errors.bare[index] < CellErrors.unknown {
        cells[index].bareChange += 0.15 * (2 * errors.unlikeness(errors.bare[index]) - 1 - cells[index].bareChange)
      }
    }
  }

  /// How cells differ in two pictures, grey levels, means over 3×3 cells; ``CellErrors/unknown`` where one is outside. A third
  /// of a pixel beside an edge is no difference.
  /// - Parameter canBeShaded: a shadow that is there in the first picture only is no difference: it takes a share of the
  ///   light away, and leaves texture and colour.
  private static func differences(_ shown: CellSamples, _ other: CellSamples, canBeShaded: Bool) -> [Float] {
    var (values, olds) = ([Float](repeating: -1, count: count), [Float](repeating: 0, count: count))
    for index in 0..<count where shown.brightness[index] >= 0 && other.brightness[index] >= 0 {
      (values[index], olds[index]) = (max(shown.brightness[index] - 16, 0), max(other.brightness[index] - 16, 0))
    }
    let light = canBeShaded ? lights(values, olds) : []
    let result = (0..<count).map { index -> Float in
      guard values[index] >= 0 else { return 0 }
      let (colour, oldColour) = (shown.colours[index], other.colours[index])
      let slip = 0.3 * other.slopes[index]
      func change(_ share: Float) -> Float {
        let difference = colour - oldColour * share
        return abs(difference.x) + abs(difference.y)
      }
      let plain = max(abs(values[index] - olds[index]) - slip, 0) + 0.7 * max(change(1) - 2, 0)
      guard canBeShaded, light[index] < 0.97, plain > 2 else { return min(plain, 40) }
      let share = max(light[index], 0.45)
      return min(plain, max(abs(values[index] - share * olds[index]) - slip, 0) + max(change(share) - 3, 0), 40)
    }
    let smooth = smoothed(result)
    return smooth.indices.map { values[$0] >= 0 ? smooth[$0] : CellErrors.unknown }
  }

  /// By which factor pixels are brighter than others, over 5×5 cells, nearer ones counting more.
  private static func lights(_ values: [Float], _ olds: [Float]) -> [Float] {
    let products = smoothed(smoothed(zip(values, olds).map { max($0, 0) * $1 }))
    let squares = smoothed(smoothed(olds.map { $0 * $0 }))
    return zip(products, squares).map { $0 / max($1, 1) }
  }

  /// Mean over 3×3 cells.
  static func smoothed(_ values: [Float]) -> [Float] {
    func pass(_ values: [Float], _ step: Int, _ line: Int) -> [Float] {
      var result = values
      values.withUnsafeBufferPointer { values in
        result.withUnsafeMutableBufferPointer { result in
          for row in 0..<side {
            for index in 1..<side - 1 {
              let at = row &* line &+ index &* step
              result[at] = (values[at &- step] + values[at] + values[at &+ step]) / 3
            }
          }
        }
      }
      return result
    }
    return pass(pass(values, 1, side), side, 1)
  }
}
