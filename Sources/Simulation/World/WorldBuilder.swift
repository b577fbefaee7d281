/// Builds the geometry and the light of a world from its plan.
struct WorldBuilder {
  let seed: UInt64
  let plan: CityPlan
  var random: SeededRandom
  var faces: [Face] = []
  var scenery: [Mesh] = []
  var fixtures: [Placement] = []
  var objects: [WorldObject] = []
  var heights = HeightField()
  var lightMaps = LightMapBuilder()
  var traffic = Traffic()
  var hillTrees: [TreePlace] = []

  init(seed: UInt64, plan: CityPlan) {
    self.seed = seed
    self.plan = plan
    random = SeededRandom(seed: seed, stream: 2)
  }

  mutating func build() {
    // Whatever casts shadows comes first, then the light, then what it falls on.
    for part in plan.buildings {
      let top = part.roof == .gable ? part.top + 1.5 : part.top - (part.roof == .flat ? Self.parapet : 0)
      heights.raise(low: part.low, high: part.high, to: top)
    }
    let parked = parkedVehicles()
    for vehicle in parked {
      heights.raise(
        low: SIMD2(vehicle.position.x, vehicle.position.y) - 1, high: SIMD2(vehicle.position.x, vehicle.position.y) + 1,
        to: 1.2)
    }
    for tree in plan.trees {
      heights.raise(
        centre: SIMD2(tree.position.x, tree.position.y), radius: 2.6 * tree.scale, to: 7.5 * tree.scale)
    }
    heights.castShadows(sun: Lighting.sun)
    lightGround()
    buildGround()
    buildTerrain()
    for part in plan.buildings { addBuilding(part) }
    addTrees()
    addTraffic(parked: parked)
  }

  /// Ends a mesh: its faces join the world's.
  mutating func finish(_ builder: MeshBuilder, reach: Float = .infinity) -> Mesh {
    var low = SIMD3<Float>(repeating: .infinity)
    var high = SIMD3<Float>(repeating: -.infinity)
    for face in builder.faces {
      for corner in [face.corners.0, face.corners.1, face.corners.2, face.corners.3] {
        low = pointwiseMin(low, corner)
        high = pointwiseMax(high, corner)
      }
    }
    let range = faces.count..<faces.count + builder.faces.count
    faces += builder.faces
    return Mesh(faces: range, centre: (low + high) / 2, radius: (high - low).norm / 2, reach: reach)
  }

  /// A mesh builder for things lit by the open sky.
  func mesh(_ texture: TextureSet.Name) -> MeshBuilder {
    MeshBuilder(texture: TextureSet.id(texture)) { Lighting.brightness($0) }
  }

  /// A mesh builder for something small at a place: in sun or shadow as a whole.
  func mesh(_ texture: TextureSet.Name, at place: SIMD3<Float>) -> MeshBuilder {
    let sunlight = heights.sunlight(at: place)
    return MeshBuilder(texture: TextureSet.id(texture)) { Lighting.brightness($0, sunlight: sunlight) }
  }

  /// The ground's light map: sun, soft shadows, and less sky next to walls and under trees.
  private mutating func lightGround() {
    let size = HeightField.size
    var lit = (0..<size * size).map { index in 1 - smoothStep(0, 0.7, heights.shadows[index]) }
    lit = HeightField.blurred(HeightField.blurred(lit, radius: 1, stride: 1), radius: 1, stride: size)
    let near = heights.occupancy(radius: 3)
    let wide = heights.occupancy(radius: 14)
    let up = SIMD3<Float>(0, 0, 1)
    let (ambient, sun) = (Lighting.ambient(up), Lighting.sunStrength * Lighting.sun.z)
    _ = lightMaps.add(width: size, height: size) { column, row in
      let index = row * size + column
      let open = 1 - 0.34 * near[index] - 0.26 * wide[index]
      return ambient * open + sun * lit[index]
    }
  }

  static var groundLight: LightMapping {
    let scale = 1 / HeightField.spacing
    let offset = HeightField.halfExtent * scale - 0.5
    return LightMapping(map: 0, column: SIMD4(scale, 0, 0, offset), row: SIMD4(0, scale, 0, offset))
  }
}
