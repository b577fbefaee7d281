import Geometry

/// What fills a block of the city.
enum BlockKind: Sendable {
  case plaza, park, houses, perimeter, offices, towers
}

/// The grid of streets. Streets run along x and y, `pitch` apart; between them lie square blocks.
///
/// ```
///   street centre   kerb      pavement        block
///        │←── 5 m ──→│←── 3 m ──→│←──── 48 m ────→│
/// ```
enum CityGrid {
  static let pitch: Float = 64
  /// Half the width of the carriageway.
  static let carriageway: Float = 5
  static let pavement: Float = 3
  /// Blocks are numbered −3…2 along either axis.
  static let blocks = -3..<3
  /// Half the side of the city.
  static let halfExtent: Float = 200
  /// Height of the pavements over the carriageway.
  static let kerb: Float = 0.14
  /// Traffic keeps to the right, this far from the centre of the street.
  static let lane: Float = 1.7
  /// Parked vehicles stand this far from the centre of the street.
  static let parking: Float = 4.0
  static let streetTrees: Float = 5.9
}

/// A rectangular building, or a part of one.
struct BuildingPart {
  enum Style: Sendable { case brick, plaster, glass, concrete, stone, shed }
  enum Roof: Sendable { case flat, gable, none }

  var low: SIMD2<Float>
  var high: SIMD2<Float>
  var base: Float
  var height: Float
  var style: Style
  var roof: Roof
  var tint: Tint
  /// Parts of a building share a number.
  var building: Int

  var top: Float { base + height }
}

/// A tree: where, how large, which mesh.
struct TreePlace {
  var position: SIMD3<Float>
  var scale: Float
  var kind: Int
}

/// The layout of the city for a seed: what stands where. Geometry is made from it by `WorldBuilder`.
struct CityPlan {
  private(set) var kinds: [[BlockKind]] = []
  private(set) var buildings: [BuildingPart] = []
  private(set) var trees: [TreePlace] = []
  private var random: SeededRandom
  private var buildingCount = 0

  /// The block with the tower that the flight circles.
  static let plaza = (column: 0, row: 0)
  static let towerCentre = SIMD2<Float>(32, 32)

  init(seed: UInt64) {
    random = SeededRandom(seed: seed, stream: 1)
    for row in CityGrid.blocks {
      kinds.append(CityGrid.blocks.map { kind(column: $0, row: row) })
    }
    for row in CityGrid.blocks {
      for column in CityGrid.blocks { fill(column: column, row: row) }
    }
    keepClear(of: FlightPath(seed: seed))
    plantStreets()
  }

  /// Lowers the roofs that the flight would come too close to.
  private mutating func keepClear(of path: FlightPath) {
    let places = stride(from: 0, to: path.lapSeconds, by: 0.25).map {
      SIMD3<Float>(path.state(at: $0).worldFromCamera.translation)
    }
    var lowered = Set<Int>()
    for (index, part) in buildings.enumerated() {
      let rise = part.roof == .gable ? min(part.high.x - part.low.x, part.high.y - part.low.y) * 0.45 : 1
      var limit = Float.infinity
      for place in places {
        let ground = SIMD2(place.x, place.y)
        let outside = pointwiseMax(pointwiseMax(part.low - ground, ground - part.high), .zero)
        if (outside * outside).sum() < 25 { limit = min(limit, place.z - 5 - rise) }
      }
      guard part.top > limit else { continue }
      buildings[index].height = limit - part.base
      if part.base < 1 { lowered.insert(part.building) }
    }
    // What stood on a roof that came down, and what nothing is left of, goes.
    buildings.removeAll { part in
      part.height < 2.2 || part.base > 1 && lowered.contains(part.building)
    }
  }

  func kind(ofColumn column: Int, row: Int) -> BlockKind {
    kinds[row - CityGrid.blocks.lowerBound][column - CityGrid.blocks.lowerBound]
  }

  private mutating func kind(column: Int, row: Int) -> BlockKind {
    if (column, row) == Self.plaza { return .plaza }
    if (column, row) == (-1, 1) || (column, row) == (1, -2) { return .park }
    let ring = max(abs(Float(column) - 0.2), abs(Float(row) - 0.2))
    if ring > 2.4 { return random.chance(0.15) ? .park : .houses }
    if ring > 1.4 { return random.chance(0.35) ? .houses : .perimeter }
    return [.offices, .perimeter, .towers, .offices][random.integer(below: 4)]
  }

  /// The south-west corner of a block's interior.
  static func corner(column: Int, row: Int) -> SIMD2<Float> {
    let margin = CityGrid.carriageway + CityGrid.pavement
    return SIMD2(Float(column), Float(row)) * CityGrid.pitch + SIMD2(repeating: margin)
  }

  private mutating func fill(column: Int, row: Int) {
    let corner = Self.corner(column: column, row: row)
    switch kind(ofColumn: column, row: row) {
    case .plaza: fillPlaza(corner)
    case .park: fillPark(corner)
    case .houses: fillHouses(corner)
    case .perimeter: fillPerimeter(corner)
    case .offices: fillOffices(corner)
    case .towers: fillTowers(corner)
    }
  }

  private mutating func add(
    _ low: SIMD2<Float>, _ high: SIMD2<Float>, base: Float = CityGrid.kerb, height: Float, _ style: BuildingPart.Style,
    _ roof: BuildingPart.Roof, tint: Tint, newBuilding: Bool = true
  ) {
    if newBuilding { buildingCount += 1 }
    buildings.append(
      BuildingPart(
        low: low, high: high, base: base, height: height, style: style, roof: roof, tint: tint,
        building: buildingCount))
  }

  private mutating func tree(_ place: SIMD2<Float>, kind: Int? = nil, scale: ClosedRange<Float> = 0.8...1.25) {
    let size = random.uniform(scale.lowerBound, scale.upperBound)
    let which = kind ?? random.integer(below: 5)
    trees.append(TreePlace(position: SIMD3(place.x, place.y, CityGrid.kerb), scale: size, kind: which))
  }

  private static let plasterTints: [Colour] = [
    Colour(0.93, 0.87, 0.72), Colour(0.95, 0.78, 0.66), Colour(0.82, 0.87, 0.88), Colour(0.90, 0.83, 0.60),
    Colour(0.94, 0.92, 0.88), Colour(0.78, 0.84, 0.74), Colour(0.90, 0.70, 0.60),
  ]

  private mutating func tint(for style: BuildingPart.Style) -> Tint {
    switch style {
    case .plaster, .shed:
      let colour = Self.plasterTints[random.integer(below: Self.plasterTints.count)]
      return Tint(luma: Luma.of(colour) * 1.08, cb: Luma.chroma(of: colour).cb, cr: Luma.chroma(of: colour).cr)
    case .brick: return Tint(luma: random.uniform(0.85, 1.15), cb: 0, cr: random.uniform(-8, 4))
    case .glass: return Tint(luma: random.uniform(0.85, 1.1), cb: random.uniform(-4, 6), cr: random.uniform(-3, 3))
    case .concrete, .stone:
      return Tint(luma: random.uniform(0.88, 1.1), cb: random.uniform(-7, 2), cr: random.uniform(-2, 5))
    }
  }

  private mutating func fillPlaza(_ corner: SIMD2<Float>) {
    let centre = Self.towerCentre
    add(centre - 5.5, centre + 5.5, height: 4.4, .stone, .flat, tint: .none)
    add(centre - 3.6, centre + 3.6, base: 4.5, height: 19, .stone, .flat, tint: .none, newBuilding: false)
    add(centre - 2.4, centre + 2.4, base: 23.5, height: 6.4, .brick, .gable, tint: Tint(luma: 1.05), newBuilding: false)
    // A pavilion, and trees along two sides.
    add(corner + SIMD2(36, 6), corner + SIMD2(43, 15), height: 4.6, .glass, .flat, tint: Tint(luma: 1.1))
    for index in 0..<6 {
      tree(corner + SIMD2(4 + Float(index) * 7.6, 44.5), kind: index % 2, scale: 0.75...0.95)
      if index > 1 { tree(corner + SIMD2(44.5, 20 + Float(index) * 4.6), kind: 2, scale: 0.7...0.9) }
    }
  }

  private mutating func fillPark(_ corner: SIMD2<Float>) {
    for _ in 0..<34 {
      let place = corner + SIMD2(random.uniform(2, 46), random.uniform(2, 46))
      // The paths that cross the park stay free.
      let fromCentre = place - corner - 24
      if abs(fromCentre.x) < 3.4 || abs(fromCentre.y) < 3.4 { continue }
      tree(place, scale: 0.7...1.45)
    }
    add(corner + SIMD2(33, 32), corner + SIMD2(40, 38), height: 3.2, .shed, .gable, tint: Tint(luma: 0.8))
  }

  private mutating func fillHouses(_ corner: SIMD2<Float>) {
    for side in 0..<2 {
      for slot in 0..<3 {
        let size = SIMD2(random.uniform(9.5, 12), random.uniform(9, 13))
        let x = corner.x + 2 + Float(slot) * 16 + random.uniform(0, 2.5)
        let y = side == 0 ? corner.y + random.uniform(3, 5) : corner.y + 45 - size.y + random.uniform(-1.5, 1)
        let low = SIMD2(x, y)
        let style: BuildingPart.Style = random.chance(0.4) ? .brick : .plaster
        add(low, low + size, height: random.chance(0.6) ? 6.2 : 3.6, style, .gable, tint: tint(for: style))
        if random.chance(0.6) {
          let shed = SIMD2(x + random.uniform(0, 5), side == 0 ? y + size.y + 3 : y - 6.5)
          add(shed, shed + SIMD2(4, 3.4), height: 2.5, .shed, .flat, tint: tint(for: .shed))
        }
        tree(SIMD2(x + size.x + 1.6, corner.y + 24 + random.uniform(-4, 4)), scale: 0.6...1.2)
        if random.chance(0.7) { tree(SIMD2(x + random.uniform(0, 8), corner.y + 24 + random.uniform(-1, 1))) }
      }
    }
  }

  private mutating func fillPerimeter(_ corner: SIMD2<Float>) {
    let depth: Float = 12
    let styles: [BuildingPart.Style] = [.brick, .plaster, .stone, .plaster, .brick]
    // Two long sides in three houses each, two short sides in one or two.
    for side in 0..<4 {
      let along: [Float] = side % 2 == 0 ? [0, 15, 32, 48] : [depth + 1.5, 24, 48 - depth - 1.5]
      for index in 0..<along.count - 1 {
        if side % 2 == 1 && random.chance(0.25) { continue }
        let style = styles[random.integer(below: styles.count)]
        let height = Float(3 + random.integer(below: 4)) * 3.2 + 1
        let (from, to) = (along[index], along[index + 1])
        let low: SIMD2<Float>
        let high: SIMD2<Float>
        switch side {
        case 0: (low, high) = (SIMD2(from, 0.5), SIMD2(to, depth))
        case 2: (low, high) = (SIMD2(from, 48 - depth), SIMD2(to, 47.5))
        case 1: (low, high) = (SIMD2(48 - depth, from), SIMD2(47.5, to))
        default: (low, high) = (SIMD2(0.5, from), SIMD2(depth, to))
        }
        add(
          corner + low, corner + high, height: height, style, random.chance(0.25) ? .gable : .flat,
          tint: tint(for: style))
      }
    }
    for _ in 0..<4 {
      tree(corner + SIMD2(random.uniform(16, 32), random.uniform(16, 32)), scale: 0.7...1)
    }
  }

  private mutating func fillOffices(_ corner: SIMD2<Float>) {
    let styles: [BuildingPart.Style] = [.concrete, .glass, .stone, .concrete]
    for quarter in 0..<4 {
      let style = styles[random.integer(below: styles.count)]
      let origin = corner + SIMD2(Float(quarter % 2) * 25 + 0.8, Float(quarter / 2) * 25 + 0.8)
      let size = SIMD2(random.uniform(16, 21.5), random.uniform(16, 21.5))
      let height = Float(4 + random.integer(below: 5)) * 3.3 + 1
      let colour = tint(for: style)
      add(origin, origin + size, height: height, style, .flat, tint: colour)
      if random.chance(0.5) {
        add(
          origin + size * 0.2, origin + size * 0.75, base: height + CityGrid.kerb, height: 3.3 * 2, style, .flat,
          tint: colour, newBuilding: false)
      }
    }
    tree(corner + SIMD2(24, 12), scale: 0.5...0.7)
    tree(corner + SIMD2(24, 36), scale: 0.5...0.7)
  }

  private mutating func fillTowers(_ corner: SIMD2<Float>) {
    let podiumStyle: BuildingPart.Style = random.chance(0.5) ? .stone : .concrete
    add(corner + 3, corner + 45, height: 7.6, podiumStyle, .flat, tint: tint(for: podiumStyle))
    let towerStyle: BuildingPart.Style = random.chance(0.65) ? .glass : .concrete
    let height = Float(8 + random.integer(below: 4)) * 3.3
    let origin = corner + SIMD2(random.uniform(7, 12), random.uniform(7, 12))
    let colour = tint(for: towerStyle)
    let base = CityGrid.kerb + 7.6
    add(origin, origin + 20, base: base, height: height, towerStyle, .flat, tint: colour, newBuilding: false)
    add(
      origin + 4, origin + 16, base: base + height, height: 6.6, towerStyle, .flat, tint: colour, newBuilding: false)
    add(
      corner + SIMD2(34, 30), corner + SIMD2(43, 43), base: base, height: 13.2, podiumStyle, .flat,
      tint: tint(for: podiumStyle), newBuilding: false)
  }

  /// Trees along every other street, between kerb and pavement.
  private mutating func plantStreets() {
    for street in -3...3 {
      for row in CityGrid.blocks {
        for index in 0..<4 {
          let along = Float(row) * CityGrid.pitch + 14 + Float(index) * 12
          for side in [-CityGrid.streetTrees, CityGrid.streetTrees] {
            let across = Float(street) * CityGrid.pitch + side
            guard abs(across) < CityGrid.halfExtent - 3 else { continue }
            if street % 2 == 0, random.chance(0.8) {
              tree(SIMD2(across, along), kind: random.integer(below: 2), scale: 0.55...0.72)
            }
            if street % 2 != 0, random.chance(0.7) {
              tree(SIMD2(along, across), kind: random.integer(below: 3), scale: 0.55...0.72)
            }
          }
        }
      }
    }
  }
}
