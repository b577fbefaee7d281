extension WorldBuilder {
  /// A horizontal rectangle that faces up.
  static func level(_ low: SIMD2<Float>, _ high: SIMD2<Float>, _ z: Float) -> [SIMD3<Float>] {
    [SIMD3(low.x, low.y, z), SIMD3(high.x, low.y, z), SIMD3(high.x, high.y, z), SIMD3(low.x, high.y, z)]
  }

  mutating func buildGround() {
    buildStreets()
    for row in CityGrid.blocks {
      for column in CityGrid.blocks { buildBlock(column: column, row: row) }
    }
    // Under everything: where two pieces meet without sharing corners, this shows through the hairline.
    var floor = mesh(.dirt)
    let extent = SIMD2<Float>(repeating: CityGrid.halfExtent + 6)
    floor.add(Self.level(-extent, extent, -0.12), .ground(40), light: Self.groundLight)
    scenery.append(finish(floor))
  }

  private mutating func buildStreets() {
    let edge = CityGrid.carriageway + CityGrid.pavement
    let half = CityGrid.carriageway
    for line in -3...3 {
      let centre = Float(line) * CityGrid.pitch
      for cross in -3...3 {
        var builder = mesh(.asphalt)
        let other = Float(cross) * CityGrid.pitch
        builder.add(
          Self.level(SIMD2(centre, other) - half, SIMD2(centre, other) + half, 0), .ground(51.2),
          light: Self.groundLight)
        guard cross < 3 else {
          scenery.append(finish(builder))
          continue
        }
        for alongY in [true, false] {
          // Zebra, road, zebra: from crossing to crossing.
          let stops = [other + half, other + edge, other + CityGrid.pitch - edge, other + CityGrid.pitch - half]
          for piece in 0..<3 {
            builder.texture = TextureSet.id(piece == 1 ? .road : .zebra)
            let (from, to) = (stops[piece], stops[piece + 1])
            let low = alongY ? SIMD2(centre - half, from) : SIMD2(from, centre - half)
            let high = alongY ? SIMD2(centre + half, to) : SIMD2(to, centre + half)
            let mapping = TextureMapping(
              origin: SIMD3(low.x, low.y, 0), columns: alongY ? SIMD3(1, 0, 0) : SIMD3(0, 1, 0),
              rows: alongY ? SIMD3(0, 1, 0) : SIMD3(1, 0, 0),
              texelsPerMetre: SIMD2(51.2, piece == 1 ? 51.2 : 128 / 3),
              offset: SIMD2(0, piece == 1 ? Float((line &* 7 &+ cross &* 3) & 15) * 64 : 0))
            builder.add(Self.level(low, high, 0), mapping, light: Self.groundLight)
          }
        }
        scenery.append(finish(builder))
      }
    }
    buildOuterRim()
  }

  /// The strip between the outermost streets and the hills.
  private mutating func buildOuterRim() {
    var rim = mesh(.grass)
    let inner = 3 * CityGrid.pitch + CityGrid.carriageway
    let outer = CityGrid.halfExtent
    for (low, high) in [
      (SIMD2(-outer, -outer), SIMD2(outer, -inner)), (SIMD2(-outer, inner), SIMD2(outer, outer)),
      (SIMD2(-outer, -inner), SIMD2(-inner, inner)), (SIMD2(inner, -inner), SIMD2(outer, inner)),
    ] {
      rim.add(Self.level(low, high, 0), .ground(40), light: Self.groundLight)
    }
    scenery.append(finish(rim))
  }

  private mutating func buildBlock(column: Int, row: Int) {
    let kind = plan.kind(ofColumn: column, row: row)
    let inner = CityPlan.corner(column: column, row: row)
    let low = inner - CityGrid.pavement
    let side = CityGrid.pitch - 2 * CityGrid.carriageway
    let high = low + side
    var builder = mesh(.pavement)
    let z = CityGrid.kerb
    let width = CityGrid.pavement
    for (from, to) in [
      (low, SIMD2(high.x, low.y + width)), (SIMD2(low.x, high.y - width), high),
      (SIMD2(low.x, low.y + width), SIMD2(low.x + width, high.y - width)),
      (SIMD2(high.x - width, low.y + width), SIMD2(high.x, high.y - width)),
    ] {
      builder.add(Self.level(from, to, z), .ground(80), light: Self.groundLight)
    }
    // Kerbs.
    builder.tint = Tint(luma: 0.9)
    let corners = [low, SIMD2(high.x, low.y), high, SIMD2(low.x, high.y)]
    for index in 0..<4 {
      let (a, b) = (corners[index], corners[(index + 1) % 4])
      builder.add(
        [SIMD3(a.x, a.y, 0), SIMD3(b.x, b.y, 0), SIMD3(b.x, b.y, z), SIMD3(a.x, a.y, z)], texelsPerMetre: 60)
    }
    builder.tint = .none
    let inside: (TextureSet.Name, Float) =
      switch kind {
      case .plaza: (.plaza, 60)
      case .park, .houses: (.grass, 40)
      case .perimeter: (.grass, 40)
      case .offices, .towers: (.plaza, 50)
      }
    builder.texture = TextureSet.id(inside.0)
    builder.add(Self.level(inner, inner + 48, z), .ground(inside.1), light: Self.groundLight)
    decorate(kind, inner, &builder)
    scenery.append(finish(builder))
    addLamps(low, high)
  }

  private mutating func decorate(_ kind: BlockKind, _ corner: SIMD2<Float>, _ builder: inout MeshBuilder) {
    let z = CityGrid.kerb
    switch kind {
    case .park:
      builder.texture = TextureSet.id(.dirt)
      for (low, high) in [
        (SIMD2<Float>(22, 0), SIMD2<Float>(26, 48)), (SIMD2<Float>(0, 22), SIMD2<Float>(22, 26)),
        (SIMD2<Float>(26, 22), SIMD2<Float>(48, 26)),
      ] {
        builder.add(Self.level(corner + low, corner + high, z + 0.03), .ground(40), light: Self.groundLight)
      }
      for _ in 0..<8 {
        hedge(
          corner + SIMD2(random.uniform(3, 18), random.uniform(28, 45)), SIMD2(random.uniform(2, 5), 1), 1, &builder)
      }
    case .houses:
      for slot in 0..<4 {
        let x = Float(slot) * 15.6 + 0.2
        hedge(corner + SIMD2(x, 1), SIMD2(0.9, 20), 1.3, &builder)
        hedge(corner + SIMD2(x, 27), SIMD2(0.9, 20), 1.1, &builder)
      }
      for slot in 0..<3 {
        builder.texture = TextureSet.id(.pavement)
        let path = corner + SIMD2(Float(slot) * 16 + 6, 0)
        builder.add(Self.level(path, path + SIMD2(1.6, 3.4), z + 0.02), .ground(80), light: Self.groundLight)
      }
    case .plaza:
      // Planters, benches and a market stall or two.
      for index in 0..<7 {
        let place = corner + SIMD2(4 + Float(index % 4) * 5.2, index < 4 ? 33 : 37)
        builder.texture = TextureSet.id(.render)
        builder.box(SIMD3(place.x, place.y, z), SIMD3(place.x + 2, place.y + 2, z + 0.7), texelsPerMetre: 60)
        hedge(place + 0.25, SIMD2(1.5, 1.5), 1.3, &builder)
      }
      for index in 0..<3 { stall(corner + SIMD2(30 + Float(index) * 5, 38), &builder) }
    default: break
    }
  }

  private mutating func hedge(_ low: SIMD2<Float>, _ size: SIMD2<Float>, _ height: Float, _ builder: inout MeshBuilder)
  {
    builder.texture = TextureSet.id(.leaves)
    builder.box(
      SIMD3(low.x, low.y, CityGrid.kerb), SIMD3(low.x + size.x, low.y + size.y, CityGrid.kerb + height),
      texelsPerMetre: 90)
  }

  private mutating func stall(_ low: SIMD2<Float>, _ builder: inout MeshBuilder) {
    let z = CityGrid.kerb
    builder.texture = TextureSet.id(.shed)
    builder.box(SIMD3(low.x, low.y, z), SIMD3(low.x + 3, low.y + 1.2, z + 0.9), texelsPerMetre: 60)
    builder.texture = TextureSet.id(.cloth)
    builder.tint = Tint(Colour(0.85, random.uniform(0.2, 0.7), 0.2))
    builder.prism(
      low: SIMD3(low.x - 0.3, low.y - 0.6, z + 2.2), high: SIMD3(low.x + 3.3, low.y + 1.8, z + 2.8),
      topInset: SIMD3(0.4, 1.1, 0), texelsPerMetre: 30, bottom: true)
    builder.tint = .none
  }

  /// Street lamps on two sides of a block.
  private mutating func addLamps(_ low: SIMD2<Float>, _ high: SIMD2<Float>) {
    for index in 0..<3 {
      let along = 9 + Float(index) * 18
      for place in [SIMD2(low.x + 0.5, low.y + along), SIMD2(low.x + along, high.y - 0.5)] {
        let foot = SIMD3(place.x, place.y, CityGrid.kerb)
        var lamp = mesh(.metal, at: foot + SIMD3(0, 0, 2))
        lamp.tint = Tint(luma: 0.45)
        lamp.box(foot - SIMD3(0.07, 0.07, 0), foot + SIMD3(0.07, 0.07, 4.6), texelsPerMetre: 60)
        lamp.box(foot + SIMD3(-0.3, -0.3, 4.6), foot + SIMD3(0.3, 0.3, 4.8), texelsPerMetre: 60, bottom: true)
        scenery.append(finish(lamp, reach: 110))
      }
    }
  }

  /// Hills around the city: a grid that grows coarser outwards.
  mutating func buildTerrain() {
    let rings: [Float] = [200, 210, 226, 248, 274, 306, 344, 388, 440, 500, 570, 660, 780, 940, 1150, 1400]
    let inner = stride(from: Float(-175), through: 175, by: 25)
    let lines = rings.reversed().map { -$0 } + Array(inner) + rings
    let noise = NoiseField(seed: seed &+ 77, coarsest: 8, octaves: 4, persistence: 0.45)
    func height(_ x: Float, _ y: Float) -> Float {
      let out = max(abs(x), abs(y)) - 200
      guard out > 0 else { return 0 }
      let bumps = noise.interpolated(x * 0.22 + 300, y * 0.22 + 300)
      let ridge = noise.interpolated(x * 0.1 + 90, y * 0.1 + 120)
      return smoothStep(0, 700, out) * (58 + 70 * ridge) + smoothStep(0, 160, out) * 9 * (bumps + 0.5)
    }
    func point(_ column: Int, _ row: Int) -> SIMD3<Float> {
      SIMD3(lines[column], lines[row], height(lines[column], lines[row]))
    }
    func light(_ p: SIMD3<Float>) -> Float {
      let d: Float = 12
      let slopeX = (height(p.x + d, p.y) - height(p.x - d, p.y)) / (2 * d)
      let slopeY = (height(p.x, p.y + d) - height(p.x, p.y - d)) / (2 * d)
      return Lighting.brightness(SIMD3(-slopeX * 1.6, -slopeY * 1.6, 1).normalized)
    }
    let cells = lines.count - 1
    for chunkRow in stride(from: 0, to: cells, by: 6) {
      for chunkColumn in stride(from: 0, to: cells, by: 6) {
        var builder = mesh(.meadow)
        for row in chunkRow..<min(chunkRow + 6, cells) {
          for column in chunkColumn..<min(chunkColumn + 6, cells) {
            let (a, b, c, d) = (
              point(column, row), point(column + 1, row), point(column + 1, row + 1), point(column, row + 1)
            )
            let limit = CityGrid.halfExtent - 1
            if abs(a.x + c.x) / 2 < limit && abs(a.y + c.y) / 2 < limit { continue }
            let near = max(abs(a.x + c.x), abs(a.y + c.y)) / 2 < 215
            builder.texture = TextureSet.id(near ? .grass : .meadow)
            let mapping = TextureMapping.ground(near ? 20 : 3.8)
            builder.add(triangle: [a, b, c], brightness: SIMD3(light(a), light(b), light(c)), mapping)
            builder.add(triangle: [a, c, d], brightness: SIMD3(light(a), light(c), light(d)), mapping)
          }
        }
        if !builder.faces.isEmpty { scenery.append(finish(builder)) }
      }
    }
    plantHills(height)
  }

  /// Woods where the noise says so, and single trees between them.
  private mutating func plantHills(_ height: (Float, Float) -> Float) {
    let woods = NoiseField(seed: seed &+ 78, coarsest: 16, octaves: 3, persistence: 0.5)
    for _ in 0..<5200 {
      let (x, y) = (random.uniform(-520, 520), random.uniform(-520, 520))
      let out = max(abs(x), abs(y)) - 206
      guard out > 0 else { continue }
      let density = smoothStep(0.05, 0.35, woods.interpolated(x * 0.35 + 256, y * 0.35 + 256))
      guard random.chance(0.025 + 0.6 * density) else { continue }
      let kind = random.chance(0.35) ? 3 : random.integer(below: 5)
      hillTrees.append(
        TreePlace(position: SIMD3(x, y, height(x, y) - 0.3), scale: random.uniform(0.9, 1.9), kind: kind))
    }
  }
}
