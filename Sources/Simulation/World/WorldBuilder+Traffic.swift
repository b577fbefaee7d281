extension WorldBuilder {
  /// A parked vehicle of the plan.
  struct ParkedVehicle {
    var position: SIMD3<Float>
    var heading: SIMD2<Float>
    var kind: Int
    var paint: Tint
  }

  private static let paints: [Colour] = [
    Colour(0.88, 0.88, 0.88), Colour(0.62, 0.64, 0.66), Colour(0.12, 0.12, 0.13), Colour(0.70, 0.10, 0.10),
    Colour(0.12, 0.25, 0.52), Colour(0.95, 0.95, 0.95), Colour(0.30, 0.32, 0.35), Colour(0.85, 0.62, 0.12),
    Colour(0.16, 0.38, 0.26), Colour(0.48, 0.30, 0.20), Colour(0.25, 0.50, 0.65),
  ]

  private mutating func paint() -> Tint { Tint(Self.paints[random.integer(below: Self.paints.count)], base: 0.95) }

  /// Vehicles along the kerbs, facing the way traffic goes on their side.
  mutating func parkedVehicles() -> [ParkedVehicle] {
    var parked: [ParkedVehicle] = []
    for line in -3...3 {
      for row in CityGrid.blocks {
        for slot in 0..<6 {
          for side: Float in [-1, 1] {
            let across = Float(line) * CityGrid.pitch + side * CityGrid.parking
            let along = Float(row) * CityGrid.pitch + 14.5 + Float(slot) * 7 + random.uniform(-0.5, 0.5)
            if random.chance(0.34) {
              parked.append(
                ParkedVehicle(
                  position: SIMD3(across, along, 0), heading: SIMD2(0, side), kind: parkedKind(), paint: paint()))
            }
            if random.chance(0.34) {
              parked.append(
                ParkedVehicle(
                  position: SIMD3(along, across, 0), heading: SIMD2(-side, 0), kind: parkedKind(), paint: paint()))
            }
          }
        }
      }
    }
    return parked
  }

  private mutating func parkedKind() -> Int { random.chance(0.85) ? random.integer(below: 2) : 2 }

  /// One kind of vehicle: its meshes and how it is called.
  struct VehicleKind {
    var label: WorldObject.Label
    var near: Mesh
    var far: Mesh
    var extent: SIMD3<Float>
  }

  mutating func addTraffic(parked: [ParkedVehicle]) {
    let kinds = [
      vehicle(.car, size: SIMD3(4.4, 1.82, 1.45), cabin: -1.7...0.9, bonnet: 0.62),
      vehicle(.car, size: SIMD3(4.0, 1.76, 1.55), cabin: -1.9...0.75, bonnet: 0.58),
      vehicle(.truck, size: SIMD3(5.9, 2.1, 2.6), cabin: -2.9...1.9, bonnet: 0.42),
      vehicle(.bus, size: SIMD3(11.4, 2.5, 3.1), cabin: -5.6...5.6, bonnet: 0.38),
    ]
    for vehicle in parked {
      let kind = kinds[vehicle.kind]
      let sunlight = heights.sunlight(at: vehicle.position + SIMD3(0, 0, 1.6))
      fixtures.append(
        Placement(
          near: kind.near, far: kind.far, farDistance: 70, position: vehicle.position, heading: vehicle.heading,
          paint: vehicle.paint, instance: object(kind.label), sunlight: sunlight))
    }
    addMovingVehicles(kinds)
    addPedestrians()
  }

  private mutating func object(_ label: WorldObject.Label) -> Int32 {
    objects.append(WorldObject(id: objects.count + 1, label: label))
    return Int32(objects.count - 1)
  }

  private static func blockCentre(column: Int, row: Int) -> SIMD2<Float> {
    (SIMD2(Float(column), Float(row)) + 0.5) * CityGrid.pitch
  }

  private mutating func addMovingVehicles(_ kinds: [VehicleKind]) {
    for row in CityGrid.blocks {
      for column in CityGrid.blocks {
        let loop = BlockLoop(
          centre: Self.blockCentre(column: column, row: row), half: CityGrid.pitch / 2 - CityGrid.lane, cornerRadius: 5)
        let count = 2 + random.integer(below: 3)
        let speed = random.uniform(4.2, 6.2)
        let start = random.uniform(0, loop.length)
        for index in 0..<count {
          let roll = random.unit()
          let kind = kinds[roll < 0.8 ? random.integer(below: 2) : roll < 0.92 ? 2 : 3]
          traffic.movers.append(
            Traffic.Mover(
              loop: loop, start: start + Float(index) * loop.length / Float(count), speed: speed, height: 0,
              near: [kind.near], far: kind.far, farDistance: 70, paint: paint(), instance: object(kind.label),
              extent: kind.extent))
        }
      }
    }
  }

  private mutating func addPedestrians() {
    let outfits = (0..<5).map { outfit in (0..<8).map { figure(outfit: outfit, phase: Float($0) / 8) } }
    for row in CityGrid.blocks {
      for column in CityGrid.blocks {
        let centre = Self.blockCentre(column: column, row: row)
        var loops = [
          BlockLoop(centre: centre, half: 25.5, cornerRadius: 2),
          BlockLoop(centre: centre, half: 24.7, cornerRadius: 2),
        ]
        loops[1].isClockwise = false
        let kind = plan.kind(ofColumn: column, row: row)
        if kind == .plaza {
          loops.append(BlockLoop(centre: centre, half: 12, cornerRadius: 4))
          loops.append(BlockLoop(centre: centre, half: 8.5, cornerRadius: 5, isClockwise: false))
        }
        for loop in loops {
          let count = 2 + random.integer(below: 3)
          let speed = random.uniform(1.1, 1.5)
          let start = random.uniform(0, loop.length)
          for index in 0..<count {
            let outfit = outfits[random.integer(below: outfits.count)]
            traffic.movers.append(
              Traffic.Mover(
                loop: loop, start: start + Float(index) * loop.length / Float(count), speed: speed,
                height: CityGrid.kerb, near: outfit, far: outfit[2], farDistance: 60, cycle: 1.5,
                instance: object(.person), extent: SIMD3(0.25, 0.25, 1.75)))
          }
        }
      }
    }
  }

  /// A vehicle that points along x, wheels on z = 0.
  private mutating func vehicle(
    _ label: WorldObject.Label, size: SIMD3<Float>, cabin: ClosedRange<Float>, bonnet: Float
  ) -> VehicleKind {
    let near = finish(vehicleBody(label, size: size, cabin: cabin, bonnet: bonnet, isDetailed: true))
    let far = finish(vehicleBody(label, size: size, cabin: cabin, bonnet: bonnet, isDetailed: false))
    return VehicleKind(label: label, near: near, far: far, extent: SIMD3(size.x / 2, size.y / 2, size.z))
  }

  private func vehicleBody(
    _ label: WorldObject.Label, size: SIMD3<Float>, cabin: ClosedRange<Float>, bonnet: Float, isDetailed: Bool
  ) -> MeshBuilder {
    var builder = mesh(.paint)
    let (half, waist) = (SIMD2(size.x, size.y) / 2, size.z * bonnet)
    let inset = SIMD3<Float>(label == .bus || label == .truck ? 0.12 : 0.55, 0.16, 0)
    builder.prism(
      low: SIMD3(-half.x, -half.y, 0.28), high: SIMD3(half.x, half.y, waist), topInset: SIMD3(0.08, 0.05, 0),
      texelsPerMetre: 40)
    // Windows all around; the roof, and on vans the rear, are painted.
    builder.texture = TextureSet.id(.carGlass)
    let top = size.z - (isDetailed ? 0.06 : 0)
    builder.prism(
      low: SIMD3(cabin.lowerBound, -half.y + 0.07, waist), high: SIMD3(cabin.upperBound, half.y - 0.07, top),
      topInset: inset, texelsPerMetre: 40)
    builder.texture = TextureSet.id(.paint)
    builder.prism(
      low: SIMD3(cabin.lowerBound + inset.x - 0.05, -half.y + 0.2, top),
      high: SIMD3(cabin.upperBound - inset.x + 0.05, half.y - 0.2, top + 0.07), topInset: SIMD3(0.1, 0.1, 0),
      texelsPerMetre: 40)
    guard isDetailed else { return builder }
    pillars(label, size, cabin, waist, top, inset, &builder)
    lights(half, waist, &builder)
    for x in [-half.x + 0.85, half.x - 0.85] {
      for side: Float in [-1, 1] { wheel(&builder, at: SIMD3(x, side * (half.y - 0.1), 0.33), side: side) }
    }
    return builder
  }

  /// Painted posts between the windows, and the closed load space of a van.
  private func pillars(
    _ label: WorldObject.Label, _ size: SIMD3<Float>, _ cabin: ClosedRange<Float>, _ waist: Float, _ top: Float,
    _ inset: SIMD3<Float>, _ builder: inout MeshBuilder
  ) {
    let half = size.y / 2
    if label == .truck {
      builder.box(
        SIMD3(cabin.lowerBound - 0.03, -half + 0.02, waist), SIMD3(cabin.upperBound - 1.5, half - 0.02, top + 0.05),
        texelsPerMetre: 40)
      loadSpaceSigns(cabin, half, waist, top, &builder)
      return
    }
    let count = label == .bus ? 6 : 2
    for index in 0..<count {
      let fraction = (Float(index) + 0.6) / (Float(count) + 0.2)
      let x = mix(cabin.lowerBound + inset.x, cabin.upperBound - inset.x, fraction)
      for side: Float in [-1, 1] {
        let (low, high) = (side * (half - 0.05), side * (half - 0.21))
        var corners = [
          SIMD3(x - 0.06, low, waist), SIMD3(x + 0.06, low, waist), SIMD3(x + 0.06, high, top),
          SIMD3(x - 0.06, high, top),
        ]
        if side > 0 { corners.reverse() }
        builder.add(corners, texelsPerMetre: 40)
      }
    }
  }

  /// What the owner of a van has painted on its sides.
  private func loadSpaceSigns(
    _ cabin: ClosedRange<Float>, _ half: Float, _ waist: Float, _ top: Float, _ builder: inout MeshBuilder
  ) {
    builder.texture = TextureSet.id(.posters)
    let (rear, front) = (cabin.lowerBound + 0.5, cabin.upperBound - 2.1)
    for side: Float in [-1, 1] {
      let y = side * (half - 0.005)
      let (from, to) = side < 0 ? (rear, front) : (front, rear)
      let mapping = TextureMapping(
        origin: SIMD3(from, y, top - 0.15), columns: SIMD3(side < 0 ? 1 : -1, 0, 0), rows: SIMD3(0, 0, -1),
        texelsPerMetre: SIMD2(128 / (front - rear), 128 / (top - waist - 0.35)), offset: SIMD2(128, 0))
      builder.add(
        [
          SIMD3(from, y, waist + 0.2), SIMD3(to, y, waist + 0.2), SIMD3(to, y, top - 0.15),
          SIMD3(from, y, top - 0.15),
        ], mapping)
    }
  }

  private func lights(_ half: SIMD2<Float>, _ waist: Float, _ builder: inout MeshBuilder) {
    builder.texture = TextureSet.id(.cloth)
    for (x, colour) in [(half.x - 0.02, Colour(1, 0.97, 0.85)), (-half.x + 0.02, Colour(0.8, 0.08, 0.06))] {
      builder.tint = Tint(colour, base: 0.75)
      for side: Float in [-1, 1] {
        let y = side * (half.y - 0.32)
        builder.box(
          SIMD3(x - 0.04, y - 0.2, waist - 0.3), SIMD3(x + 0.04, y + 0.2, waist - 0.12), texelsPerMetre: 40)
      }
    }
    builder.tint = .none
  }

  private func wheel(_ builder: inout MeshBuilder, at centre: SIMD3<Float>, side: Float) {
    let sides = 8
    let radius: Float = 0.33
    let out = SIMD3<Float>(0, side * 0.12, 0)
    func rim(_ index: Int) -> SIMD3<Float> {
      let p = Self.onCircle(index, sides) * radius
      return centre + SIMD3(p.x, 0, p.y)
    }
    builder.texture = TextureSet.id(.rubber)
    for index in 0..<sides {
      let (a, b) = (rim(index), rim(index + 1))
      let tread = [a - out, a + out, b + out, b - out]
      let hub = [centre + out, b + out, a + out]
      builder.add(side > 0 ? tread : tread.reversed(), texelsPerMetre: 30)
      builder.add(side > 0 ? hub : hub.reversed(), texelsPerMetre: 30)
    }
  }

  /// A walking figure that faces along x: `phase` of the gait in 0..<1.
  private mutating func figure(outfit: Int, phase: Float) -> Mesh {
    var builder = mesh(.cloth)
    let shirts = [
      Colour(0.75, 0.18, 0.16), Colour(0.90, 0.88, 0.82), Colour(0.16, 0.30, 0.55), Colour(0.85, 0.68, 0.22),
      Colour(0.25, 0.45, 0.32),
    ]
    let trousers = [
      Colour(0.16, 0.18, 0.28), Colour(0.22, 0.21, 0.20), Colour(0.55, 0.48, 0.38), Colour(0.18, 0.24, 0.36),
      Colour(0.40, 0.38, 0.38),
    ]
    let swing = Float(sine(2 * .pi * Double(phase)))
    func limb(from hip: SIMD3<Float>, length: Float, swing: Float, thickness: Float) {
      let foot = hip + SIMD3(length * 0.42 * swing, 0, -length * (1 - 0.09 * swing * swing))
      let h = thickness / 2
      let top = [SIMD3(-h, -h, 0), SIMD3(h, -h, 0), SIMD3(h, h, 0), SIMD3(-h, h, 0)]
      for side in 0..<4 {
        let (p, q) = (top[side], top[(side + 1) % 4])
        builder.add([foot + p * 0.8, foot + q * 0.8, hip + q, hip + p], texelsPerMetre: 60)
      }
      builder.add(top.reversed().map { foot + $0 * 0.8 }, texelsPerMetre: 60)
    }
    builder.tint = Tint(trousers[outfit], base: 0.85)
    limb(from: SIMD3(0, 0.1, 0.88), length: 0.86, swing: swing, thickness: 0.17)
    limb(from: SIMD3(0, -0.1, 0.88), length: 0.86, swing: -swing, thickness: 0.17)
    builder.tint = Tint(shirts[outfit], base: 0.85)
    builder.prism(
      low: SIMD3(-0.12, -0.19, 0.85), high: SIMD3(0.12, 0.19, 1.46), topInset: SIMD3(-0.01, -0.05, 0),
      texelsPerMetre: 80, bottom: true)
    limb(from: SIMD3(0, 0.28, 1.42), length: 0.58, swing: -swing, thickness: 0.11)
    limb(from: SIMD3(0, -0.28, 1.42), length: 0.58, swing: swing, thickness: 0.11)
    builder.texture = TextureSet.id(.skin)
    builder.tint = Tint(Colour(0.82, 0.62, 0.50), base: 0.9)
    builder.prism(
      low: SIMD3(-0.09, -0.08, 1.46), high: SIMD3(0.11, 0.08, 1.66), topInset: SIMD3(-0.01, -0.01, 0),
      texelsPerMetre: 60, bottom: true)
    builder.tint = Tint(Colour(0.25, 0.18, 0.12) * (1 + Float(outfit % 3) * 0.7), base: 0.9)
    builder.prism(
      low: SIMD3(-0.12, -0.1, 1.62), high: SIMD3(0.1, 0.1, 1.77), topInset: SIMD3(0.04, 0.03, 0), texelsPerMetre: 60,
      bottom: true)
    return finish(builder)
  }
}
