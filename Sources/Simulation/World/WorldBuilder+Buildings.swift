extension WorldBuilder {
  static let parapet: Float = 0.8
  private static let lightSpacing: Float = 0.9
  private static let shopHeight: Float = 4

  mutating func addBuilding(_ part: BuildingPart) {
    var builder = mesh(.plaster)
    var details = mesh(.plaster)
    addWalls(part, &builder, details: &details)
    switch part.roof {
    case .flat: addFlatRoof(part, &builder, details: &details)
    case .gable: addGable(part, &builder)
    case .none: break
    }
    scenery.append(finish(builder))
    if !details.faces.isEmpty { scenery.append(finish(details, reach: 150)) }
  }

  private static func texture(_ style: BuildingPart.Style) -> TextureID {
    switch style {
    case .brick: TextureSet.id(.brick)
    case .plaster: TextureSet.id(.plaster)
    case .glass: TextureSet.id(.glass)
    case .concrete: TextureSet.id(.concrete)
    case .stone: TextureSet.id(.stone)
    case .shed: TextureSet.id(.shed)
    }
  }

  private mutating func addWalls(
    _ part: BuildingPart, _ builder: inout MeshBuilder, details: inout MeshBuilder
  ) {
    let (low, high) = (part.low, part.high)
    let corners = [low, SIMD2(high.x, low.y), high, SIMD2(low.x, high.y)]
    let hasShops = part.base < 1 && part.height > 9 && part.style != .glass
    for side in 0..<4 {
      let (a, b) = (corners[side], corners[(side + 1) % 4])
      let light = wallLight(a, b, base: part.base, top: part.top)
      let split = hasShops ? part.base + Self.shopHeight : part.base
      if hasShops {
        builder.texture = TextureSet.id(.shops)
        builder.tint = Tint(luma: 1)
        addWall(a, b, part.base, split, cell: SIMD2(2.6, Self.shopHeight), texels: SIMD2(128, 256), &builder, light)
      }
      builder.texture = Self.texture(part.style)
      builder.tint = part.tint
      if part.style == .shed {
        addWall(a, b, split, part.top, cell: SIMD2(4, 4), texels: SIMD2(256, 256), &builder, light)
      } else {
        addWall(a, b, split, part.top, cell: SIMD2(3, 3.2), texels: SIMD2(128, 128), &builder, light)
        addBalconies(part, a, b, from: split, &details)
      }
    }
    builder.tint = .none
  }

  /// A wall from `a` to `b` (its right end, seen from outside) between two heights; whole windows and floors.
  private mutating func addWall(
    _ a: SIMD2<Float>, _ b: SIMD2<Float>, _ base: Float, _ top: Float, cell: SIMD2<Float>, texels: SIMD2<Float>,
    _ builder: inout MeshBuilder, _ light: LightMapping
  ) {
    let run = b - a
    let length = (run * run).sum().squareRoot()
    let right = SIMD3(run.x / length, run.y / length, 0)
    let count = SIMD2(max(1, (length / cell.x).rounded()), max(1, ((top - base) / cell.y).rounded()))
    let mapping = TextureMapping(
      origin: SIMD3(a.x, a.y, top), columns: right, rows: SIMD3(0, 0, -1),
      texelsPerMetre: count * texels / SIMD2(length, top - base),
      offset: SIMD2(Float(random.integer(below: 8)), Float(random.integer(below: 8))) * texels)
    builder.add(
      [SIMD3(a.x, a.y, base), SIMD3(b.x, b.y, base), SIMD3(b.x, b.y, top), SIMD3(a.x, a.y, top)], mapping, light: light)
  }

  /// Light on a wall: sun where no neighbour is in the way, darker towards the street.
  private mutating func wallLight(_ a: SIMD2<Float>, _ b: SIMD2<Float>, base: Float, top: Float) -> LightMapping {
    let run = b - a
    let length = (run * run).sum().squareRoot()
    let right = SIMD3(run.x / length, run.y / length, 0)
    let normal = SIMD3(right.y, -right.x, 0)
    let width = max(2, Int((length / Self.lightSpacing).rounded(.up)) + 1)
    let height = max(2, Int(((top - base) / Self.lightSpacing).rounded(.up)) + 1)
    let step = SIMD2(length / Float(width - 1), (top - base) / Float(height - 1))
    let origin = SIMD3(a.x, a.y, base)
    let field = heights
    let map = lightMaps.add(width: width, height: height) { column, row in
      let z = base + step.y * Float(row)
      let foot = origin + right * (step.x * Float(column)) + normal * 0.7
      // Two samples along the ray make the rim of a shadow soft.
      var sunlight: Float = 0
      for lift: Float in [-0.4, 0, 0.4, 0.8] { sunlight += 0.25 * field.sunlight(at: SIMD3(foot.x, foot.y, z + lift)) }
      let open = 0.68 + 0.32 * smoothStep(0, 14, z)
      let direct = Lighting.sunStrength * max(0, normal.dot(Lighting.sun)) * sunlight
      return Lighting.ambient(normal) * open + direct
    }
    let columns = right / step.x
    return LightMapping(
      map: map, column: SIMD4(columns, -columns.dot(origin)), row: SIMD4(0, 0, 1 / step.y, -base / step.y))
  }

  private mutating func addBalconies(
    _ part: BuildingPart, _ a: SIMD2<Float>, _ b: SIMD2<Float>, from base: Float, _ builder: inout MeshBuilder
  ) {
    guard part.style == .plaster || part.style == .brick, part.height > 9 else { return }
    let run = b - a
    let length = (run * run).sum().squareRoot()
    let right = run / length
    let out = SIMD2(right.y, -right.x)
    let columns = max(1, Int((length / 3).rounded()))
    let floors = max(1, Int(((part.top - base) / 3.2).rounded()))
    let tint = builder.tint
    builder.texture = TextureSet.id(.render)
    builder.tint = part.style == .brick ? Tint(luma: 0.82) : Tint(luma: tint.luma * 0.85, cb: tint.cb, cr: tint.cr)
    for column in 0..<columns where random.chance(0.3) {
      for floor in 1..<max(2, floors) where random.chance(0.85) {
        let z = base + (part.top - base) * Float(floor) / Float(floors)
        let centre = a + right * (length * (Float(column) + 0.5) / Float(columns))
        let p = centre - right * 1.2
        let q = centre + right * 1.2 + out * 1.1
        let low = SIMD3(min(p.x, q.x), min(p.y, q.y), z)
        let high = SIMD3(max(p.x, q.x), max(p.y, q.y), z + 1)
        builder.box(low, high, texelsPerMetre: 42, bottom: true)
      }
    }
    builder.tint = tint
  }

  private mutating func addFlatRoof(
    _ part: BuildingPart, _ builder: inout MeshBuilder, details: inout MeshBuilder
  ) {
    let thickness: Float = 0.35
    let (low, high) = (part.low, part.high)
    let (innerLow, innerHigh) = (low + thickness, high - thickness)
    let roof = part.top - Self.parapet
    builder.texture = TextureSet.id(.render)
    builder.tint = Tint(luma: part.style == .shed ? 0.62 : 0.85)
    let outer = [low, SIMD2(high.x, low.y), high, SIMD2(low.x, high.y)]
    let inner = [innerLow, SIMD2(innerHigh.x, innerLow.y), innerHigh, SIMD2(innerLow.x, innerHigh.y)]
    for side in 0..<4 {
      let next = (side + 1) % 4
      let (a, b, c, d) = (outer[side], outer[next], inner[next], inner[side])
      builder.add(
        [SIMD3(a.x, a.y, part.top), SIMD3(b.x, b.y, part.top), SIMD3(c.x, c.y, part.top), SIMD3(d.x, d.y, part.top)],
        .ground(50))
      builder.add(
        [SIMD3(c.x, c.y, roof), SIMD3(d.x, d.y, roof), SIMD3(d.x, d.y, part.top), SIMD3(c.x, c.y, part.top)],
        texelsPerMetre: 50)
    }
    builder.texture = TextureSet.id(.gravel)
    builder.tint = Tint(luma: random.uniform(0.8, 1.15), cb: random.uniform(-4, 4), cr: random.uniform(-3, 5))
    builder.add(Self.level(innerLow, innerHigh, roof), .ground(64), light: roofLight(innerLow, innerHigh, roof))
    builder.tint = .none
    if part.height > 5 { addRoofMachines(innerLow, innerHigh, roof, &details) }
    if part.style == .stone || part.style == .plaster {
      builder.texture = TextureSet.id(.render)
      builder.tint = part.style == .stone ? Tint(luma: 0.95, cb: -6, cr: 3) : Tint(luma: 1.1)
      cornice(part, &builder)
    }
  }

  /// A band around the top of the walls.
  private func cornice(_ part: BuildingPart, _ builder: inout MeshBuilder) {
    let (low, high) = (part.low - 0.3, part.high + 0.3)
    let corners = [low, SIMD2(high.x, low.y), high, SIMD2(low.x, high.y)]
    let walls = [part.low, SIMD2(part.high.x, part.low.y), part.high, SIMD2(part.low.x, part.high.y)]
    let (bottom, top) = (part.top - 0.9, part.top - 0.4)
    for side in 0..<4 {
      let next = (side + 1) % 4
      let (a, b, c, d) = (corners[side], corners[next], walls[next], walls[side])
      builder.add(
        [SIMD3(a.x, a.y, bottom), SIMD3(b.x, b.y, bottom), SIMD3(b.x, b.y, top), SIMD3(a.x, a.y, top)],
        texelsPerMetre: 50)
      builder.add(
        [SIMD3(a.x, a.y, top), SIMD3(b.x, b.y, top), SIMD3(c.x, c.y, top), SIMD3(d.x, d.y, top)], .ground(50))
      builder.add(
        [SIMD3(d.x, d.y, bottom), SIMD3(c.x, c.y, bottom), SIMD3(b.x, b.y, bottom), SIMD3(a.x, a.y, bottom)],
        .ground(50))
    }
  }

  private mutating func roofLight(_ low: SIMD2<Float>, _ high: SIMD2<Float>, _ z: Float) -> LightMapping {
    let size = high - low
    let width = max(2, Int((size.x / Self.lightSpacing).rounded(.up)) + 1)
    let height = max(2, Int((size.y / Self.lightSpacing).rounded(.up)) + 1)
    let step = size / SIMD2(Float(width - 1), Float(height - 1))
    let field = heights
    let map = lightMaps.add(width: width, height: height) { column, row in
      let place = low + step * SIMD2(Float(column), Float(row))
      let rim = min(min(place.x - low.x, high.x - place.x), min(place.y - low.y, high.y - place.y))
      let sunlight = field.sunlight(at: SIMD3(place.x, place.y, z + 0.5))
      return Lighting.brightness(SIMD3(0, 0, 1), sunlight: sunlight) * (0.78 + 0.22 * smoothStep(0, 1.5, rim))
    }
    return LightMapping(
      map: map, column: SIMD4(1 / step.x, 0, 0, -low.x / step.x), row: SIMD4(0, 1 / step.y, 0, -low.y / step.y))
  }

  private mutating func addRoofMachines(
    _ low: SIMD2<Float>, _ high: SIMD2<Float>, _ z: Float, _ builder: inout MeshBuilder
  ) {
    let size = high - low
    for _ in 0..<min(7, Int(size.x * size.y / 40) + 1) {
      let extent = SIMD3(random.uniform(0.9, 2.6), random.uniform(0.9, 2.6), random.uniform(0.7, 1.9))
      guard size.x > extent.x + 2, size.y > extent.y + 2 else { continue }
      let place = SIMD3(
        random.uniform(low.x + 1, high.x - 1 - extent.x), random.uniform(low.y + 1, high.y - 1 - extent.y), z)
      builder.texture = TextureSet.id(.metal)
      builder.tint = Tint(luma: random.uniform(0.75, 1.2))
      builder.box(place, place + extent, texelsPerMetre: 128 / max(extent.x, extent.y))
    }
    builder.tint = Tint(luma: 1)
    guard size.x > 9, size.y > 9 else { return }
    // The stair head, and sometimes a hoarding along the edge.
    builder.texture = TextureSet.id(.render)
    let stair = low + size * SIMD2(random.uniform(0.2, 0.6), random.uniform(0.2, 0.6))
    builder.box(SIMD3(stair.x, stair.y, z), SIMD3(stair.x + 3, stair.y + 3, z + 2.6), texelsPerMetre: 42)
    guard random.chance(0.4) else { return }
    builder.texture = TextureSet.id(.posters)
    let poster = SIMD2(Float(random.integer(below: 4)), Float(random.integer(below: 2))) * 128
    let alongX = random.chance(0.5)
    let a = SIMD2(low.x + 1.2, low.y + 1.2)
    let b = alongX ? SIMD2(low.x + 7.2, low.y + 1.2) : SIMD2(low.x + 1.2, low.y + 7.2)
    for (from, to) in [(a, b), (b, a)] {
      let right = (SIMD3(to.x, to.y, 0) - SIMD3(from.x, from.y, 0)) / 6
      let mapping = TextureMapping(
        origin: SIMD3(from.x, from.y, z + 4.2), columns: right, rows: SIMD3(0, 0, -1),
        texelsPerMetre: SIMD2(128 / 6, 128 / 3.4), offset: poster)
      builder.add(
        [
          SIMD3(from.x, from.y, z + 0.8), SIMD3(to.x, to.y, z + 0.8), SIMD3(to.x, to.y, z + 4.2),
          SIMD3(from.x, from.y, z + 4.2),
        ], mapping)
    }
  }

  private mutating func addGable(_ part: BuildingPart, _ builder: inout MeshBuilder) {
    let size = part.high - part.low
    let alongX = size.x >= size.y
    let rise = min(size.x, size.y) * 0.42
    let over: Float = 0.45
    // Local axes: s along the ridge, t across.
    func place(_ s: Float, _ t: Float, _ z: Float) -> SIMD3<Float> {
      alongX ? SIMD3(part.low.x + s, part.low.y + t, z) : SIMD3(part.high.x - t, part.low.y + s, z)
    }
    let (length, width) = alongX ? (size.x, size.y) : (size.y, size.x)
    let eave = part.top - over * rise / (width / 2)
    let ridge = part.top + rise
    let slope = ((width / 2 + over) * (width / 2 + over) + (ridge - eave) * (ridge - eave)).squareRoot()
    builder.texture = TextureSet.id(.tiles)
    builder.tint = Tint(luma: random.uniform(0.75, 1.15), cb: random.uniform(-2, 10), cr: random.uniform(-14, 3))
    let thickness: Float = 0.18
    for side in 0..<2 {
      let t = side == 0 ? -over : width + over
      let (from, to) = side == 0 ? (-over, length + over) : (length + over, -over)
      let corners = [
        place(from, t, eave), place(to, t, eave), place(to, width / 2, ridge), place(from, width / 2, ridge),
      ]
      let mapping = TextureMapping(
        origin: corners[3], columns: (corners[1] - corners[0]).normalized,
        rows: (corners[0] - corners[3]) / slope, texelsPerMetre: SIMD2(80, 80))
      builder.add(corners, mapping)
      builder.add(corners.reversed().map { $0 - SIMD3(0, 0, thickness) }, texelsPerMetre: 60)
      let drop = SIMD3<Float>(0, 0, thickness)
      builder.add([corners[0] - drop, corners[1] - drop, corners[1], corners[0]], texelsPerMetre: 60)
      builder.add([corners[1] - drop, corners[2] - drop, corners[2], corners[1]], texelsPerMetre: 60)
      builder.add([corners[3] - drop, corners[0] - drop, corners[0], corners[3]], texelsPerMetre: 60)
    }
    builder.texture = TextureSet.id(.shed)
    builder.tint = part.tint
    let (top, apex) = (part.top, ridge - 0.1)
    builder.add([place(0, width, top), place(0, 0, top), place(0, width / 2, apex)], texelsPerMetre: 50)
    builder.add([place(length, 0, top), place(length, width, top), place(length, width / 2, apex)], texelsPerMetre: 50)
    builder.texture = TextureSet.id(.brick)
    builder.tint = .none
    let chimney = place(length * 0.3, width * 0.38, ridge - 1.6)
    builder.box(chimney, chimney + SIMD3(0.8, 0.8, 2.6), texelsPerMetre: 60)
  }
}
