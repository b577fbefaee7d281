import Tracking
import Vision

/// Which cells of an object's surroundings are the object's, summed up over frames in its own coordinates.
///
/// A cell is looked for in a picture before and in one after that of the frame that is looked at: where it is if it moves
/// with the object, and where it is if it is at rest. Where the ground is in sight in one of them, and the cell looks
/// otherwise, something is in front of it, whether it moves with the object or swings as legs do; where it looks the same,
/// it is the ground. Where the object itself hides the ground in both, only a clear difference counts. That, colours, what
/// was found and where its patches are is put together by ``ShapeNet``. Sources of the ideas: Collins et al. 2000, "A system
/// for video surveillance and monitoring" (three frames); Criminisi, Cross, Blake, Kolmogorov 2006, "Bilayer segmentation
/// of live video".
struct ObjectShape: Sendable {
  /// Cells in a row and in a column.
  static let side = ShapeNet.side
  static let count = side * side

  /// Left and top edge in the object's coordinates, and the side of a cell.
  private(set) var origin: SIMD2<Float>
  private(set) var cell: Float
  /// Row after row.
  var cells: [ShapeCell]
  /// Left, top, right, bottom of those that are the object's, in the object's coordinates.
  private(set) var box: SIMD4<Float>
  /// What the net read of the latest frame, where that is kept.
  var latest: MotionSample.Cells?
  /// How well it stands out.
  var quality = ShapeQuality()
  private var object = [Float](repeating: 0, count: ColourContrast.cells)
  private var rest = [Float](repeating: 0, count: ColourContrast.cells)
  /// How unlike the object's colours are those around, 0…1.
  private(set) var contrast: Float = 0.5
  /// Frames that were taken in.
  private var age = 0
  /// Frames that the net looks at each of; later at each second.
  private static let youth = 10

  /// - Parameters:
  ///   - box: in the object's coordinates.
  ///   - isInside: whether a place in them is the object's.
  init(_ box: SIMD4<Float>, isInside: (SIMD2<Float>) -> Bool) {
    let middle = (box.lowHalf + box.highHalf) / 2
    let width = max((box.highHalf - box.lowHalf).max(), 6) * 2
    self.box = box
    cell = width / Float(Self.side)
    origin = middle - width / 2
    cells = Array(repeating: ShapeCell(), count: Self.count)
    for index in 0..<Self.count { cells[index] = ShapeCell(isOwn: isInside(place(index))) }
  }

  /// The middle of a cell, in the object's coordinates.
  func place(_ index: Int) -> SIMD2<Float> {
    origin + (SIMD2(Float(index % Self.side), Float(index / Self.side)) + 0.5) * cell
  }

  func contains(_ place: SIMD2<Float>) -> Bool {
    let position = (place - origin) / cell
    guard position.x >= 0, position.y >= 0, position.x < Float(Self.side), position.y < Float(Self.side) else {
      return false
    }
    return cells[Int(position.y) * Self.side + Int(position.x)].isOwn
  }

  /// The middles of cells that are surely the object's, and so are those around, in the object's coordinates.
  var surePlaces: [SIMD2<Float>] {
    (1..<Self.side - 1).flatMap { y in
      (1..<Self.side - 1).compactMap { x -> SIMD2<Float>? in
        let index = y * Self.side + x
        let around = [index - 1, index + 1, index - Self.side, index + Self.side]
        return cells[index].isOwn && cells[index].odds > 1 && around.allSatisfy { cells[$0].isOwn } ? place(index) : nil
      }
    }
  }

  /// Whether a place has long been at rest.
  func isOutside(_ place: SIMD2<Float>) -> Bool {
    let position = (place - origin) / cell
    guard position.x >= 0, position.y >= 0, position.x < Float(Self.side), position.y < Float(Self.side) else {
      return true
    }
    return cells[Int(position.y) * Self.side + Int(position.x)].evidence < -2.5
  }

  /// Adds a little evidence where something else told that the object is.
  /// - Returns: how well that agrees with its cells: intersection over union.
  mutating func add(_ isInside: (SIMD2<Float>) -> Bool) -> Float {
    var (both, any): (Float, Float) = (0, 0)
    for index in 0..<Self.count {
      let (isOwn, isToldOwn) = (cells[index].isOwn, isInside(place(index)))
      if isToldOwn { cells[index].evidence += 0.15 }
      cells[index].found += 0.15 * ((isToldOwn ? 1 : 0) - cells[index].found)
      if isOwn && isToldOwn { both += 1 }
      if isOwn || isToldOwn { any += 1 }
    }
    return both / max(any, 1)
  }

  /// Takes in a frame.
  /// - Parameters:
  ///   - references: a picture before and one after, with where what is at rest in the frame is in them.
  ///   - seeds: places of the object, in its coordinates, around which it is.
  ///   - resting: places at rest, in its coordinates.
  ///   - framesAgo: how old the frame is, where what the net reads of it is kept.
  mutating func see(
    _ frame: Frame, _ references: [(frame: Frame, rest: RestMotion)], seeds: [SIMD2<Float>], resting: [SIMD2<Float>],
    keptAs framesAgo: Int?
  ) {
    let pixels = (0..<Self.count).map { frame.image(place($0)) }
    let shown = CellSamples(frame.picture, at: pixels)
    let bins = (0..<Self.count).map { index -> UInt16 in
      let brightness = shown.brightness[index]
      return brightness >= 0 ? ColourContrast.bin(brightness, shown.colours[index]) : .max
    }
    let errors = errors(frame, references, pixels, shown)
    gather(errors)
    age += 1
    if age <= Self.youth || age % 2 == 0 {
      let ratios = Self.smoothed(colourRatios(bins))
      let measures = measures(shown, errors, ratios, seeds: seeds, resting: resting)
      judge(measures)
      latest = framesAgo.map { MotionSample.Cells(measures: measures, places: pixels, framesAgo: $0) }
    }
    decide(seeds)
    assess(errors)
    learn(bins)
    fitWindow()
  }

  /// Takes in what the net makes of a frame: at first all of it, later a part.
  private mutating func judge(_ measures: [ShapeNet.Channels]) {
    let rate: Float = age == 1 ? 1 : age < 4 ? 0.7 : 0.55
    let odds = ShapeNet.shared.odds(measures, side: Self.side)
    for index in 0..<Self.count {
      cells[index].odds += rate * (min(max(odds[index], -5), 5) - cells[index].odds)
    }
  }

  /// Finds the object's cells.
  private mutating func decide(_ seeds: [SIMD2<Float>]) {
    let marks = MotionLayer.closed(cells.map { $0.odds > 0 ? 1 : 0 }, Self.side, Self.side, radius: 1)
    let regions = ShapeRegions(marks, side: Self.side)
    let region = regions.main(near: seeds.map { ($0 - origin) / cell - 0.5 }, odds: cells.map(\.odds))
    guard let region else { return }
    for index in 0..<Self.count { cells[index].isOwn = region[index] == 1 }
    let (columns, rows) = (Self.extent(region, step: 1, line: Self.side), Self.extent(region, step: Self.side, line: 1))
    guard let columns, let rows else { return }
    let former = box
    box = SIMD4(
      origin.x + Float(columns.0) * cell, origin.y + Float(rows.0) * cell, origin.x + Float(columns.1) * cell,
      origin.y + Float(rows.1) * cell)
    quality.take(steadiness: BoxOverlap.ofUnion(former, box))
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

  /// Only what is sure to be at rest tells colours of the rest: the object may reach further than is known yet.
  private mutating func learn(_ bins: [UInt16]) {
    for index in object.indices {
      object[index] *= 0.95
      rest[index] *= 0.95
    }
    for (index, bin) in bins.enumerated() where bin != .max {
      let cell = cells[index]
      if cell.isOwn, cell.evidence > 0.5 { object[Int(bin)] += 1 }
      if !cell.isOwn, cell.evidence < -1 { rest[Int(bin)] += 1 }
    }
    contrast = 1 - Self.likeness(object, rest)
  }

  /// How alike the colours of two objects are, 0…1.
  func likeness(_ other: ObjectShape) -> Float { Self.likeness(object, other.object) }

  /// The coefficient of Bhattacharyya.
  private static func likeness(_ colours: [Float], _ others: [Float]) -> Float {
    let (all, sum) = (max(colours.reduce(0, +), 1), max(others.reduce(0, +), 1))
    return zip(colours, others).reduce(0) { $0 + ($1.0 / all * $1.1 / sum).squareRoot() }
  }

  /// Keeps the object in the middle of the window, about half as large.
  private mutating func fitWindow() {
    let width = cell * Float(Self.side)
    let (size, middle) = ((box.highHalf - box.lowHalf).max(), (box.lowHalf + box.highHalf) / 2)
    let offset = middle - origin - width / 2
    let share = size / width
    guard share > 0.72 || share < 0.45 && size > 4 || max(abs(offset.x), abs(offset.y)) > 0.14 * width else { return }
    let (oldOrigin, oldCell, oldCells) = (origin, cell, cells)
    let newWidth = min(max(2 * size, width * 0.7), width * 1.4)
    cell = newWidth / Float(Self.side)
    origin = middle - newWidth / 2
    for index in 0..<Self.count {
      let position = (place(index) - oldOrigin) / oldCell
      let isKnown = position.x >= 0 && position.y >= 0 && position.x < Float(Self.side) && position.y < Float(Self.side)
      cells[index] = isKnown ? oldCells[Int(position.y) * Self.side + Int(position.x)] : ShapeCell()
    }
  }

  /// Takes in a part beside it, where another object was.
  mutating func join(_ other: SIMD4<Float>) {
    let both = BoxOverlap.hull(box, other)
    let inside = self
    var joined = ObjectShape(both) { place in
      inside.contains(place) || place.x > other.x && place.y > other.y && place.x < other.z && place.y < other.w
    }
    (joined.object, joined.rest, joined.age) = (object, rest, age)
    self = joined
  }
}
