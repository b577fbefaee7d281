extension WorldBuilder {
  /// The trees of the plan and of the hills: five kinds, each in three levels of detail.
  mutating func addTrees() {
    let kinds = (0..<5).map { kind in (0..<3).map { treeMesh(kind, detail: 2 - $0) } }
    for tree in plan.trees + hillTrees {
      let kind = kinds[tree.kind]
      fixtures.append(
        Placement(
          near: kind[0], far: kind[1], farDistance: 36, speck: kind[2], speckDistance: 100, position: tree.position,
          scale: tree.scale))
    }
  }

  private mutating func treeMesh(_ kind: Int, detail: Int) -> Mesh {
    var random = SeededRandom(seed: seed, stream: 300 + UInt64(kind))
    var builder = mesh(.bark)
    trunk(&builder, height: kind == 3 ? 1.6 : 3.2, radius: 0.16, sides: 3 + detail)
    if kind == 3 {
      builder.texture = TextureSet.id(.needles)
      for tier in 0..<4 {
        let base = 1.1 + Float(tier) * 1.45
        cone(&builder, base: base, height: 2.5, radius: 1.9 - Float(tier) * 0.4, sides: 4 + detail * 3, &random)
      }
      return finish(builder)
    }
    builder.texture = TextureSet.id(.leaves)
    let autumn = [Tint(luma: 1), Tint(luma: 1.15, cb: -6, cr: 5), Tint(luma: 0.9, cb: 2, cr: -3)]
    builder.tint = kind == 4 ? Tint(luma: 1.2, cb: -10, cr: 14) : autumn[kind % 3]
    // The coarsest stands for the whole crown.
    let radii = SIMD3<Float>(2.1, 2.1, 2.3) * (detail > 0 ? 1 : 1.15)
    crown(&builder, centre: SIMD3(0, 0, 4.9), radii: radii, max(1, detail), &random)
    if kind != 1, detail > 0 {
      for _ in 0..<3 {
        let angle = Double(random.uniform(0, 2 * .pi))
        let offset = SIMD3(Float(cosine(angle)), Float(sine(angle)), 0) * random.uniform(0.9, 1.3)
        let centre = SIMD3(0, 0, random.uniform(3.7, 5.6)) + offset
        crown(&builder, centre: centre, radii: SIMD3(repeating: random.uniform(1.1, 1.5)), max(0, detail - 1), &random)
      }
    }
    return finish(builder)
  }

  private func trunk(_ builder: inout MeshBuilder, height: Float, radius: Float, sides: Int) {
    for side in 0..<sides {
      let (a, b) = (Self.onCircle(side, sides), Self.onCircle(side + 1, sides))
      builder.add(
        [
          SIMD3(a.x * radius, a.y * radius, -0.3), SIMD3(b.x * radius, b.y * radius, -0.3),
          SIMD3(b.x * radius * 0.7, b.y * radius * 0.7, height), SIMD3(a.x * radius * 0.7, a.y * radius * 0.7, height),
        ], texelsPerMetre: 60)
    }
  }

  static func onCircle(_ index: Int, _ count: Int) -> SIMD2<Float> {
    let angle = 2 * Double.pi * Double(index % count) / Double(count)
    return SIMD2(Float(cosine(angle)), Float(sine(angle)))
  }

  private func cone(
    _ builder: inout MeshBuilder, base: Float, height: Float, radius: Float, sides: Int, _ random: inout SeededRandom
  ) {
    let apex = SIMD3<Float>(0, 0, base + height)
    let rim = (0..<sides).map { side -> SIMD3<Float> in
      let direction = Self.onCircle(side, sides) * radius * random.uniform(0.82, 1.15)
      return SIMD3(direction.x, direction.y, base + random.uniform(-0.2, 0.1))
    }
    func light(_ p: SIMD3<Float>) -> Float {
      Lighting.brightness(SIMD3(p.x, p.y, radius * 0.7).normalized) * 0.85
    }
    for side in 0..<sides {
      let (a, b) = (rim[side], rim[(side + 1) % sides])
      let corners = [a, b, apex]
      let mapping = TextureMapping.along(MeshBuilder.normal(of: corners), texelsPerMetre: 60)
      builder.add(triangle: corners, brightness: SIMD3(light(a), light(b), 0.9 * light((a + b) / 2)), mapping)
      let under = [b, a, SIMD3<Float>(0, 0, base + 0.4)]
      builder.add(triangle: under, brightness: SIMD3(0.42, 0.42, 0.25), .ground(60))
    }
  }

  /// A dented ellipsoid of leaves, smoothly lit, darker below.
  private func crown(
    _ builder: inout MeshBuilder, centre: SIMD3<Float>, radii: SIMD3<Float>, _ subdivision: Int,
    _ random: inout SeededRandom
  ) {
    let salt = random.next()
    func vertex(_ direction: SIMD3<Float>) -> SIMD3<Float> {
      // The dent depends on the direction alone, so that triangles meet.
      let key = SIMD3<Int32>(Int32(direction.x * 997), Int32(direction.y * 991), Int32(direction.z * 983))
      let mixed = UInt64(
        truncatingIfNeeded: Int(key.x) &* 73_856_093 ^ Int(key.y) &* 19_349_663 ^ Int(key.z) &* 83_492_791)
      var noise = SeededRandom(seed: salt, stream: mixed)
      return centre + direction * radii * noise.uniform(0.82, 1.16)
    }
    func light(_ direction: SIMD3<Float>) -> Float {
      let soft = (direction + SIMD3(0, 0, 0.25)).normalized
      return Lighting.brightness(soft) * (0.72 + 0.28 * smoothStep(-0.8, 0.7, direction.z))
    }
    for triangle in Self.sphere(subdivision: subdivision) {
      let corners = triangle.map(vertex)
      let mapping = TextureMapping.along(MeshBuilder.normal(of: corners), texelsPerMetre: 110)
      builder.add(
        triangle: corners, brightness: SIMD3(light(triangle[0]), light(triangle[1]), light(triangle[2])), mapping)
    }
  }

  /// An octahedron, subdivided: 8·4ⁿ triangles on the unit sphere.
  private static func sphere(subdivision: Int) -> [[SIMD3<Float>]] {
    let (x, y, z) = (SIMD3<Float>(1, 0, 0), SIMD3<Float>(0, 1, 0), SIMD3<Float>(0, 0, 1))
    var triangles = [
      [x, y, z], [y, -x, z], [-x, -y, z], [-y, x, z], [y, x, -z], [-x, y, -z], [-y, -x, -z], [x, -y, -z],
    ]
    for _ in 0..<subdivision {
      triangles = triangles.flatMap { t -> [[SIMD3<Float>]] in
        let (ab, bc, ca) = ((t[0] + t[1]).normalized, (t[1] + t[2]).normalized, (t[2] + t[0]).normalized)
        return [[t[0], ab, ca], [ab, t[1], bc], [ca, bc, t[2]], [ab, bc, ca]]
      }
    }
    return triangles
  }
}
