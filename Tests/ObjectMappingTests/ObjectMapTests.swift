import Geometry
import ObjectMapping
import TestSupport
import Testing

/// Synthetic geometry with known truth.
@Suite struct ObjectMapTests {
  private static let metric = MapPlacement(metricFromMap: .identity)

  /// Flies past, 30 m up, and looks at a point.
  private static func flyPast(_ seconds: Double, towards point: SIMD3<Double>, speed: Double = 6) -> SE3 {
    SyntheticScene.pose(at: SIMD3(-20 + speed * seconds, -25, 30), towards: point)
  }

  @Test func standingObjectIsTriangulatedWithinItsCovariance() throws {
    var errors: [Double] = []
    var distances: [Double] = []
    for seed in 1...60 {
      var scene = SyntheticScene(seed: UInt64(seed))
      let truth = SIMD3(scene.normal() * 5, scene.normal() * 5, 0.8)
      // The middle of what is seen of an object is a little beside the middle of the object, all the time.
      let common = 0.5 * scene.options.centreDeviation * 2 * scene.halfSize * 2.0.squareRoot()
      let facing = 0.15 * 2 * scene.halfSize * 2.0.squareRoot() * scene.normal()
      let sight = (truth - Self.flyPast(3, towards: .zero).translation).normalized
      let shown = truth + common * SIMD3(scene.normal(), scene.normal(), scene.normal()) + facing * sight
      var map = ObjectMap()
      map.place(Self.metric, ofMap: 0)
      var wander = SIMD2<Double>.zero
      for index in 0..<60 {
        // It wanders slowly.
        if index % 20 == 0 { wander = SIMD2(scene.normal(), scene.normal()) }
        let pose = Self.flyPast(Double(index) / 10, towards: .zero)
        let seen = scene.sighting(7, "car", at: shown, from: pose, wander: wander)
        map.add(
          MapFrame(nanos: Int64(index) * 100_000_000, map: 0, worldFromCamera: pose, camera: scene.camera),
          [seen].compactMap(\.self))
      }
      let object = try #require(map.objects().first)
      #expect(map.objects().count == 1 && object.id == 1 && object.tracks == [7])
      #expect(object.method == .triangulation && !object.isMoving && object.isMetric)
      errors.append(object.normalisedError(truth))
      distances.append(object.error(shown))
    }
    let mean = errors.reduce(0, +) / Double(errors.count)
    // 60 draws of χ² with 3 degrees of freedom: a mean of 3 ± 0.32, three times which is allowed.
    #expect((2.0...4.0).contains(mean), "NEES \(mean)")
    #expect(errors.allSatisfy { $0 < 17 }, "one is out of its covariance: \(errors.max() ?? 0)")
    #expect(distances.sorted()[30] < 0.4, "median error \(distances.sorted()[30])")
  }

  @Test func turningOnTheSpotGivesNoDistance() {
    var scene = SyntheticScene(seed: 5)
    var map = ObjectMap()
    map.place(Self.metric, ofMap: 0)
    for index in 0..<100 {
      let place = SIMD3(0, 0, 30.0) + 0.005 * SIMD3(scene.normal(), scene.normal(), scene.normal())
      let pose = SyntheticScene.pose(at: place, towards: SIMD3(20 + Double(index) / 10, 30, 0))
      let seen = scene.sighting(1, "car", at: SIMD3(22, 31, 1), from: pose)
      map.add(
        MapFrame(nanos: Int64(index) * 100_000_000, map: 0, worldFromCamera: pose, camera: scene.camera),
        [seen].compactMap(\.self))
    }
    #expect(map.objects().isEmpty)
    #expect(map.counts.sightings == 100)
  }

  @Test func groundTellsTheDistanceWhereNothingElseDoes() throws {
    var scene = SyntheticScene(seed: 6)
    var map = ObjectMap()
    map.place(Self.metric, ofMap: 0)
    map.setPoints(SyntheticScene.groundPoints(), ofMap: 0)
    let pose = SyntheticScene.pose(at: SIMD3(0, 0, 30), towards: SIMD3(20, 30, 0))
    // Of a box that is all air the points are those behind it; here none are in it.
    scene.halfSize = 0.4
    for index in 0..<40 {
      let seen = scene.sighting(1, "person", at: SIMD3(21, 31, 0.85), from: pose)
      map.add(
        MapFrame(nanos: Int64(index) * 100_000_000, map: 0, worldFromCamera: pose, camera: scene.camera),
        [seen].compactMap(\.self))
    }
    let object = try #require(map.objects().first)
    #expect(object.method == .ground && !object.isMoving)
    #expect(object.error(SIMD3(21, 31, 0.85)) < 1.0)
    #expect(object.normalisedError(SIMD3(21, 31, 0.85)) < 16)
  }

  @Test func pointsInTheBoxTellTheDistance() throws {
    var scene = SyntheticScene(seed: 7)
    scene.halfSize = 2
    var map = ObjectMap()
    let truth = SIMD3(20.0, 30, 12)
    // Ground, and a body above it: the ground behind shines through.
    var points = SyntheticScene.groundPoints()
    for x in -3...3 { for y in -3...3 { points.append(truth + 0.5 * SIMD3(Double(x), Double(y), 0)) } }
    map.setPoints(points, ofMap: 0)
    let pose = SyntheticScene.pose(at: SIMD3(0, 0, 30), towards: SIMD3(20, 30, 8))
    for index in 0..<10 {
      let seen = scene.sighting(1, "boat", at: truth, from: pose)
      map.add(
        MapFrame(nanos: Int64(index) * 100_000_000, map: 0, worldFromCamera: pose, camera: scene.camera),
        [seen].compactMap(\.self))
    }
    let object = try #require(map.objects().first)
    #expect(object.method == .depth && !object.isMetric)
    #expect(object.error(truth) < 2.5)
    #expect(object.normalisedError(truth) < 16)
  }

  @Test(arguments: [SIMD3(0.0, 8, 0), SIMD3(-7.0, 0, 0), SIMD3(3.0, 0, 0)])
  func movingObjectIsNoStandingOne(velocity: SIMD3<Double>) throws {
    // The last two go along with the camera, the other way and the same: their rays meet, at a wrong place.
    var errors: [Double] = []
    for seed in 1...20 {
      var scene = SyntheticScene(seed: UInt64(seed))
      scene.halfSize = 0.9
      var map = ObjectMap()
      map.place(Self.metric, ofMap: 0)
      map.setGround(height: 0, deviation: 0.3)
      var truth = SIMD3<Double>.zero
      for index in 0..<60 {
        let time = Double(index) / 10
        truth = SIMD3(-velocity.x * 3, -velocity.y * 3, 0.75) + time * velocity
        let pose = Self.flyPast(time, towards: truth)
        let seen = scene.sighting(3, "car", at: truth, from: pose)
        map.add(
          MapFrame(nanos: Int64(index) * 100_000_000, map: 0, worldFromCamera: pose, camera: scene.camera),
          [seen].compactMap(\.self))
      }
      let object = try #require(map.objects().first)
      #expect(object.isMoving && object.method == .ground)
      #expect(object.error(truth) < 2.5, "seed \(seed): \(object.error(truth))")
      #expect((object.velocity - velocity).norm < 1.5, "seed \(seed): \(object.velocity)")
      errors.append(object.normalisedError(truth))
    }
    #expect(errors.reduce(0, +) / 20 < 6, "NEES \(errors)")
  }

  @Test func movingObjectWithoutGroundHasNoPlace() {
    var scene = SyntheticScene(seed: 8)
    var map = ObjectMap()
    map.place(Self.metric, ofMap: 0)
    for index in 0..<60 {
      let time = Double(index) / 10
      // It turns, so that no point stands for it.
      let turn = SO3(angle: time, axis: SIMD3(0, 0, 1))
      let truth = turn * SIMD3(9, 0, 0.75)
      let pose = Self.flyPast(time, towards: .zero)
      let seen = scene.sighting(3, "car", at: truth, from: pose)
      map.add(
        MapFrame(nanos: Int64(index) * 100_000_000, map: 0, worldFromCamera: pose, camera: scene.camera),
        [seen].compactMap(\.self))
      if index > 20 { #expect(map.objects().allSatisfy { $0.error(truth) < 40 }) }
    }
    #expect(map.object(ofTrack: 3, map: 0) == nil)
  }

  @Test func orderOfFramesMattersLittle() throws {
    let truth = SIMD3(3.0, 2, 0.8)
    func run(_ order: [Int]) throws -> MappedObject {
      var scene = SyntheticScene(seed: 9)
      var map = ObjectMap()
      map.place(Self.metric, ofMap: 0)
      let frames = (0..<60).map { index -> (MapFrame, [ObjectSighting]) in
        let pose = Self.flyPast(Double(index) / 10, towards: .zero)
        return (
          MapFrame(nanos: Int64(index) * 100_000_000, map: 0, worldFromCamera: pose, camera: scene.camera),
          [scene.sighting(1, "car", at: truth, from: pose)].compactMap(\.self)
        )
      }
      for index in order { map.add(frames[index].0, frames[index].1) }
      return try #require(map.objects().first)
    }
    let swapped = (0..<30).flatMap { [2 * $0 + 1, 2 * $0] }
    let (straight, mixed) = (try run(Array(0..<60)), try run(swapped))
    #expect((straight.position - mixed.position).norm < 0.3)
    #expect(mixed.error(truth) < 0.6)
    #expect(try run(Array(0..<60)) == straight)
  }
}
