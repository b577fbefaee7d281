import Geometry

/// The world a flight sees: a small city among hills, made from a seed. Immutable, and the same for the same seed.
///
/// World axes: x east, y north, z up, metres; the origin is a street crossing in the middle of the city.
// Safe because nothing writes to it after `init`.
public final class FlightWorld: @unchecked Sendable {
  /// The number everything is made from.
  public let seed: UInt64
  let plan: CityPlan
  let textures: TextureSet
  /// All faces; meshes are ranges of it.
  let faces: UnsafeMutableBufferPointer<Face>
  /// Faces that stand where they are.
  let scenery: [Mesh]
  /// Trees and parked vehicles: meshes put in place.
  let fixtures: [Placement]
  let lightLayouts: UnsafeMutableBufferPointer<LightMapBuilder.Layout>
  /// Light maps without moving shadows. The ground's comes first.
  let lightBytes: UnsafeMutableBufferPointer<UInt8>
  let heights: HeightField
  let traffic: Traffic
  let instances: [WorldObject]
  /// More faces than a frame can hold.
  let faceLimit: Int

  /// Makes the world of a seed: about half a second of work.
  public init(seed: UInt64) {
    self.seed = seed
    plan = CityPlan(seed: seed)
    textures = TextureSet(seed: seed)
    var builder = WorldBuilder(seed: seed, plan: plan)
    builder.build()
    faces = .allocate(capacity: builder.faces.count)
    _ = faces.initialize(from: builder.faces)
    scenery = builder.scenery
    fixtures = builder.fixtures
    heights = builder.heights
    traffic = builder.traffic
    instances = builder.objects
    lightLayouts = .allocate(capacity: builder.lightMaps.layouts.count)
    _ = lightLayouts.initialize(from: builder.lightMaps.layouts)
    // A bilinear sample of the last row reads one pair of bytes beyond it.
    lightBytes = .allocate(capacity: builder.lightMaps.bytes.count + 4096)
    lightBytes.initialize(repeating: 0)
    _ = lightBytes.update(fromContentsOf: builder.lightMaps.bytes)
    let placed = (fixtures + traffic.placements(at: 0)).map { $0.near.faces.count }
    faceLimit = scenery.reduce(0) { $0 + $1.faces.count } + placed.reduce(0, +) + 4096
  }

  deinit {
    faces.deallocate()
    lightLayouts.deallocate()
    lightBytes.deallocate()
  }

  /// The tower on the plaza: the centre of its foot, and its lower body as a box, for tests of geometry.
  public var landmark: (low: SIMD3<Double>, high: SIMD3<Double>) {
    let part = plan.buildings.first { $0.style == .stone && $0.base > 1 } ?? plan.buildings[0]
    return (
      SIMD3(Double(part.low.x), Double(part.low.y), Double(part.base)),
      SIMD3(Double(part.high.x), Double(part.high.y), Double(part.top))
    )
  }

  /// Where an object that moves is at a time: the middle of its foot, world axes, metres.
  /// - Parameter time: seconds of flight.
  /// - Returns: `nil` for what stands still all the time, such as a parked car.
  public func place(ofMoving object: WorldObject, at time: Double) -> SIMD3<Double>? {
    // Ids count instances from 1.
    traffic.movers.first { Int($0.instance) == object.id - 1 }.map { SIMD3<Double>($0.placement(at: time).position) }
  }

  /// The middle of an object at a time, world axes, metres, whether it moves or is parked; `nil` for none of this world.
  /// - Parameter time: seconds of flight.
  public func middle(of object: WorldObject, at time: Double) -> SIMD3<Double>? {
    let instance = Int32(object.id - 1)
    let mover = traffic.movers.first { $0.instance == instance }
    guard let placed = mover?.placement(at: time) ?? fixtures.first(where: { $0.instance == instance }) else {
      return nil
    }
    let (centre, turn) = (placed.near.centre, placed.heading)
    let turned = SIMD3(
      turn.x * centre.x - turn.y * centre.y, turn.y * centre.x + turn.x * centre.y, centre.z)
    return SIMD3<Double>(placed.position + placed.scale * turned)
  }

  /// How far a point is from the nearest building, metres; negative inside one.
  public func clearance(of point: SIMD3<Double>) -> Double {
    let p = SIMD3<Float>(point)
    var nearest = Float.infinity
    for part in plan.buildings {
      let roof = part.roof == .gable ? min(part.high.x - part.low.x, part.high.y - part.low.y) * 0.45 : 1
      let low = SIMD3(part.low.x, part.low.y, 0)
      let high = SIMD3(part.high.x, part.high.y, part.top + roof)
      let outside = pointwiseMax(pointwiseMax(low - p, p - high), .zero).norm
      let inside = max((low - p).max(), (p - high).max())
      nearest = min(nearest, inside > 0 ? outside : inside)
    }
    return Double(nearest)
  }
}

/// Something that moves, or could: the objects that ground truth lists.
public struct WorldObject: Hashable, Sendable {
  /// What a detector would call it.
  public enum Label: String, Sendable, CaseIterable {
    case person, car, truck, bus
  }

  /// Stable for a seed, from 1.
  public var id: Int
  public var label: Label
}

/// A mesh somewhere in the world.
struct Placement {
  /// The mesh up close and from afar, and the distance at which they change over.
  var near: Mesh
  var far: Mesh
  var farDistance: Float
  /// The mesh for when it is a few pixels, where there is one.
  var speck: Mesh?
  var speckDistance = Float.infinity
  var position: SIMD3<Float>
  /// Cosine and sine of the turn about the vertical.
  var heading = SIMD2<Float>(1, 0)
  var scale: Float = 1
  /// Colour of its painted faces.
  var paint = Tint.none
  /// Index into `FlightWorld.instances`, or −1.
  var instance: Int32 = -1
  /// For what moves: how much sun falls on it; its faces are lit frame by frame. Negative: lit when built.
  var sunlight: Float = -1
}
