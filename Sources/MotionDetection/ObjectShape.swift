import Tracking
import Vision

/// Which cells of an object's surroundings move with it, summed up over frames in the object's own coordinates.
///
/// Each frame a cell is looked for in an earlier picture where it was if it moves with the object, and where it was if it
/// is at rest. What differs less is evidence, which fades over ten frames or so; colours that are the object's help where
/// there is no texture. Source of the idea: Criminisi, Cross, Blake, Kolmogorov 2006, "Bilayer segmentation of live video".
struct ObjectShape: Sendable {
  /// Cells in a row and in a column.
  static let side = 36
  private static let cells = side * side

  /// Left and top edge in the object's coordinates, and the side of a cell.
  private(set) var origin: SIMD2<Float>
  private(set) var cell: Float
  /// Above 0 where cells move with the object.
  private var evidence: [Float]
  /// 1 where a cell is the object's.
  private(set) var mask: [UInt8]
  /// Left, top, right, bottom of those cells, in the object's coordinates.
  private(set) var box: SIMD4<Float>
  /// Mean of what latest said about the object's cells, −1…1.
  private(set) var support: Float = 0
  private var object = [Float](repeating: 0, count: ColourContrast.cells)
  private var rest = [Float](repeating: 0, count: ColourContrast.cells)
  private var age = 0

  /// - Parameters:
  ///   - box: in the object's coordinates.
  ///   - isInside: whether a place in them is the object's.
  init(_ box: SIMD4<Float>, isInside: (SIMD2<Float>) -> Bool) {
    let middle = (box.lowHalf + box.highHalf) / 2
    let width = max((box.highHalf - box.lowHalf).max(), 6) * 2
    self.box = box
    cell = width / Float(Self.side)
    origin = middle - width / 2
    evidence = Array(repeating: 0, count: Self.cells)
    mask = Array(repeating: 0, count: Self.cells)
    for index in 0..<Self.cells {
      mask[index] = isInside(place(index)) ? 1 : 0
      evidence[index] = mask[index] == 1 ? 2 : -0.5
    }
  }

  /// The middle of a cell, in the object's coordinates.
  private func place(_ index: Int) -> SIMD2<Float> {
    origin + (SIMD2(Float(index % Self.side), Float(index / Self.side)) + 0.5) * cell
  }

  func contains(_ place: SIMD2<Float>) -> Bool {
    let position = (place - origin) / cell
    guard position.x >= 0, position.y >= 0, position.x < Float(Self.side), position.y < Float(Self.side) else {
      return false
    }
    return mask[Int(position.y) * Self.side + Int(position.x)] == 1
  }

  /// Whether a place has long been at rest.
  func isOutside(_ place: SIMD2<Float>) -> Bool {
    let position = (place - origin) / cell
    guard position.x >= 0, position.y >= 0, position.x < Float(Self.side), position.y < Float(Self.side) else {
      return true
    }
    return evidence[Int(position.y) * Self.side + Int(position.x)] < -2.5
  }

  /// Adds a little evidence where something else told that the object is.
  mutating func add(_ isInside: (SIMD2<Float>) -> Bool) {
    for index in 0..<Self.cells where isInside(place(index)) { evidence[index] += 0.4 }
  }

  /// Where a pixel of now was, by what it belongs to.
  struct Motions {
    var object: (SIMD2<Float>) -> SIMD2<Float>
    var rest: (SIMD2<Float>) -> SIMD2<Float>
    /// The same in a later picture, in which what was hidden before may be in sight.
    var restLater: (SIMD2<Float>) -> SIMD2<Float>
  }

  /// Takes in a frame.
  /// - Parameters:
  ///   - imageFromObject: where a place of the object is in the picture.
  ///   - seeds: places of the object, in its coordinates, from which its region grows.
  mutating func see(
    _ picture: WorkingPicture, then: WorkingPicture, later: WorkingPicture, motions: Motions,
    imageFromObject: (SIMD2<Float>) -> SIMD2<Float>, seeds: [SIMD2<Float>]
  ) {
    var bins = [UInt16](repeating: .max, count: Self.cells)
    var pixels = [SIMD2<Float>](repeating: .zero, count: Self.cells)
    for index in 0..<Self.cells {
      pixels[index] = imageFromObject(place(index))
      if let value = picture.image.sample(pixels[index]) {
        bins[index] = ColourContrast.bin(picture, at: pixels[index], luma: value)
      }
    }
    let still = Self.unexplained(pixels, picture, then, motions.rest)
    let stillLater = Self.unexplained(pixels, picture, later, motions.restLater)
    var advantage = [Float](repeating: 0, count: Self.cells)
    for index in 0..<Self.cells {
      guard let value = picture.image.sample(pixels[index]),
        let own = then.image.sample(motions.object(pixels[index])), still[index] >= 0, stillLater[index] >= 0
      else { continue }
      // Over less time what moves shows less of a difference as well.
      advantage[index] = min(still[index], 1.5 * stillLater[index], 40) - min(abs(value - own), 40)
    }
    advantage = Self.smoothed(advantage)
    let ratios = Self.smoothed(colourRatios(bins))
    var sum: Float = 0
    var count: Float = 0
    for index in 0..<Self.cells {
      let step = min(max(advantage[index] / 6, -1), 1)
      evidence[index] = evidence[index] * 0.92 + step
      if mask[index] == 1 {
        sum += step
        count += 1
      }
    }
    support = sum / max(count, 1)
    age += 1
    decide(ratios, seeds)
    learn(bins)
    fitWindow()
  }

  /// How pixels differ from what was there, were they at rest, grey levels; −1 where that is not known. A shadow that has
  /// come since is no difference: it takes a share of the light away, and leaves texture and colour.
  private static func unexplained(
    _ pixels: [SIMD2<Float>], _ now: WorkingPicture, _ then: WorkingPicture, _ rest: (SIMD2<Float>) -> SIMD2<Float>
  ) -> [Float] {
    var (values, olds) = ([Float](repeating: -1, count: cells), [Float](repeating: 0, count: cells))
    var (products, squares) = (olds, olds)
    for index in 0..<cells {
      guard let value = now.image.sample(pixels[index]), let old = then.image.sample(rest(pixels[index])) else {
        continue
      }
      (values[index], olds[index]) = (max(value - 16, 0), max(old - 16, 0))
      products[index] = values[index] * olds[index]
      squares[index] = olds[index] * olds[index]
    }
    (products, squares) = (smoothed(smoothed(products)), smoothed(smoothed(squares)))
    return (0..<cells).map { index in
      guard values[index] >= 0 else { return -1 }
      let plain = abs(values[index] - olds[index])
      let light = products[index] / max(squares[index], 1)
      guard light < 0.97, plain > 2 else { return plain }
      let share = max(light, 0.45)
      let (colour, oldColour) = (now.colour(pixels[index]), then.colour(rest(pixels[index])) * share)
      let change = abs(colour.x - oldColour.x) + abs(colour.y - oldColour.y)
      return min(plain, abs(values[index] - share * olds[index]) + max(change - 3, 0))
    }
  }

  /// Finds the object's cells.
  private mutating func decide(_ ratios: [Float], _ seeds: [SIMD2<Float>]) {
    let colourWeight: Float = age > 4 ? 0.35 : 0
    var marks = [UInt8](repeating: 0, count: Self.cells)
    for index in 0..<Self.cells {
      let motion = min(max(evidence[index] / 4, -1), 1)
      marks[index] = motion + colourWeight * ratios[index] > 0.25 ? 1 : 0
    }
    marks = MotionLayer.closed(marks, Self.side, Self.side, radius: 1)
    let cells = seeds.map { ($0 - origin) / cell - 0.5 }
    guard let region = MotionLayer.grown(marks, Self.side, Self.side, from: cells, reach: 1) else { return }
    mask = region
    let (columns, rows) = (Self.extent(region, step: 1, line: Self.side), Self.extent(region, step: Self.side, line: 1))
    guard let columns, let rows else { return }
    box = SIMD4(
      origin.x + Float(columns.0) * cell, origin.y + Float(rows.0) * cell, origin.x + Float(columns.1) * cell,
      origin.y + Float(rows.1) * cell)
  }

  /// The first line that holds cells, and that behind the last; lines with next to nothing are not looked at.
  private static func extent(_ region: [UInt8], step: Int, line: Int) -> (Int, Int)? {
    let counts = (0..<side).map { place in (0..<side).reduce(0) { $0 + Int(region[place * step + $1 * line]) } }
    let least = max(1, (counts.max() ?? 0) / 8)
    guard let first = counts.firstIndex(where: { $0 >= least }), let last = counts.lastIndex(where: { $0 >= least })
    else { return nil }
    return (first, last + 1)
  }

  /// How much likelier each cell's colour is on the object, as a logarithm.
  private func colourRatios(_ bins: [UInt16]) -> [Float] {
    let (all, others) = (max(object.reduce(0, +), 1), max(rest.reduce(0, +), 1))
    return bins.map { bin in
      guard bin != .max else { return 0 }
      let ratio = (object[Int(bin)] / all + 0.004) / (rest[Int(bin)] / others + 0.004)
      return min(max(logarithm(ratio), -2.5), 2.5)
    }
  }

  private mutating func learn(_ bins: [UInt16]) {
    for index in object.indices {
      object[index] *= 0.9
      rest[index] *= 0.9
    }
    for (index, bin) in bins.enumerated() where bin != .max {
      if mask[index] == 1, evidence[index] > 0.5 { object[Int(bin)] += 1 }
      if mask[index] == 0 { rest[Int(bin)] += 1 }
    }
  }

  /// Keeps the object in the middle of the window, about half as large.
  private mutating func fitWindow() {
    let width = cell * Float(Self.side)
    let (size, middle) = ((box.highHalf - box.lowHalf).max(), (box.lowHalf + box.highHalf) / 2)
    let offset = middle - origin - width / 2
    let share = size / width
    guard share > 0.72 || share < 0.33 && size > 4 || max(abs(offset.x), abs(offset.y)) > 0.14 * width else { return }
    let (oldOrigin, oldCell, oldEvidence, oldMask) = (origin, cell, evidence, mask)
    let newWidth = min(max(2 * size, width * 0.7), width * 1.4)
    cell = newWidth / Float(Self.side)
    origin = middle - newWidth / 2
    for index in 0..<Self.cells {
      let position = (place(index) - oldOrigin) / oldCell
      let isKnown =
        position.x >= 0 && position.y >= 0 && position.x < Float(Self.side) && position.y < Float(Self.side)
      let old = isKnown ? Int(position.y) * Self.side + Int(position.x) : 0
      evidence[index] = isKnown ? oldEvidence[old] : 0
      mask[index] = isKnown ? oldMask[old] : 0
    }
  }

  /// Takes in a part beside it, where another object was.
  mutating func join(_ other: SIMD4<Float>) {
    let both = BoxOverlap.hull(box, other)
    let inside = self
    var joined = ObjectShape(both) { place in
      inside.contains(place)
        || place.x > other.x && place.y > other.y && place.x < other.z && place.y < other.w
    }
    (joined.object, joined.rest, joined.age) = (object, rest, age)
    self = joined
  }

  /// Mean over 3×3 cells.
  private static func smoothed(_ values: [Float]) -> [Float] {
    func pass(_ values: [Float], _ step: Int, _ line: Int) -> [Float] {
      var result = values
      for row in 0..<side {
        for index in 1..<side - 1 {
          let at = row * line + index * step
          result[at] = (values[at - step] + values[at] + values[at + step]) / 3
        }
      }
      return result
    }
    return pass(pass(values, 1, side), side, 1)
  }
}

extension WorkingPicture {
  /// Chroma at a place inside the picture, 0 for grey.
  func colour(_ place: SIMD2<Float>) -> SIMD2<Float> {
    let u = min(Int((place.x + 0.5) * Float(scale)) / 2, chroma.cb.width - 1)
    let v = min(Int((place.y + 0.5) * Float(scale)) / 2, chroma.cb.height - 1)
    return SIMD2(Float(chroma.cb[u, v]), Float(chroma.cr[u, v])) - 128
  }
}

extension GreyImage {
  /// Bilinear; `nil` outside the picture.
  func sample(_ place: SIMD2<Float>) -> Float? {
    guard place.x >= 0, place.y >= 0, place.x < Float(width) - 1.001, place.y < Float(height) - 1.001 else {
      return nil
    }
    let (u, v) = (Int(place.x), Int(place.y))
    let (fx, fy) = (place.x - Float(u), place.y - Float(v))
    let at = v &* width &+ u
    return pixels.withUnsafeBufferPointer { pixels in
      let (a, b) = (Float(pixels[at]), Float(pixels[at &+ 1]))
      let (c, d) = (Float(pixels[at &+ width]), Float(pixels[at &+ width &+ 1]))
      let upper = a + fx * (b - a)
      return upper + fy * (c + fx * (d - c) - upper)
    }
  }
}
