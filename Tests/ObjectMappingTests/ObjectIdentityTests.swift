import Geometry
import ObjectMapping
import TestSupport
import Testing

/// Which sightings are the same object, and how many are kept.
@Suite struct ObjectIdentityTests {
  /// A flight of six seconds past some places, with tracks of their own.
  private static func fly(
    _ map: inout ObjectMap, _ scene: inout SyntheticScene,
    past places: [(track: Int, label: String, at: SIMD3<Double>)],
    from start: Double, inMap number: Int = 0, shift: SIMD3<Double> = .zero, drift: SIMD3<Double> = .zero
  ) {
    for index in 0..<50 {
      let time = Double(index) / 10
      let pose = SyntheticScene.pose(at: SIMD3(-15 + 6 * time, -25, 30), towards: .zero)
      let seen = places.compactMap { scene.sighting($0.track, $0.label, at: $0.at, from: pose) }
      let told = SE3(rotation: pose.rotation, translation: pose.translation + shift + drift)
      map.add(
        MapFrame(nanos: Int64((start + time) * 1e9), map: number, worldFromCamera: told, camera: scene.camera), seen)
    }
  }

  private static func metricMap(options: ObjectMapOptions = ObjectMapOptions()) -> ObjectMap {
    var map = ObjectMap(options: options)
    for number in 0..<3 { map.place(MapPlacement(metricFromMap: .identity), ofMap: number) }
    return map
  }

  @Test func objectSeenAgainIsTheSame() throws {
    var (map, scene) = (Self.metricMap(), SyntheticScene(seed: 1))
    let (car, other) = (SIMD3(2.0, 1, 0.8), SIMD3(-6.0, 3, 0.8))
    Self.fly(&map, &scene, past: [(1, "car", car), (2, "car", other), (3, "person", car + SIMD3(0.3, 0, 0))], from: 0)
    #expect(map.objects().map(\.id) == [1, 2, 3])
    Self.fly(&map, &scene, past: [(11, "car", other), (12, "car", car)], from: 20)
    #expect(map.objects().count == 3)
    #expect(map.counts.merged == 2)
    let (first, again) = (try #require(map.object(ofTrack: 1, map: 0)), try #require(map.object(ofTrack: 12, map: 0)))
    #expect(first == again && first.tracks == [1, 12] && first.label == "car")
    #expect(first.observations == 100 && first.lastSeen > 24_000_000_000 && first.firstSeen == 0)
    #expect(map.object(ofTrack: 11, map: 0)?.tracks == [2, 11])
  }

  @Test func neighboursStayTwo() {
    var (map, scene) = (Self.metricMap(), SyntheticScene(seed: 2))
    Self.fly(&map, &scene, past: [(1, "car", SIMD3(0, 0, 0.8))], from: 0)
    Self.fly(&map, &scene, past: [(2, "car", SIMD3(2.5, 0, 0.8))], from: 20)
    #expect(map.objects().count == 2)
  }

  @Test func mapsAreNeverMixed() throws {
    var (map, scene) = (Self.metricMap(), SyntheticScene(seed: 3))
    let car = SIMD3(2.0, 1, 0.8)
    Self.fly(&map, &scene, past: [(1, "car", car)], from: 0)
    // The same track goes on in a map whose origin is elsewhere.
    let shift = SIMD3(300.0, -50, 10)
    Self.fly(&map, &scene, past: [(1, "car", car)], from: 5, inMap: 1, shift: shift)
    #expect(map.objects().count == 2)
    let (here, there) = (try #require(map.objects(ofMap: 0).first), try #require(map.objects(ofMap: 1).first))
    #expect(here.id != there.id && here.error(car) < 0.6 && there.error(car + shift) < 0.6)
  }

  @Test func correctionMovesObjectsAlong() throws {
    var (map, scene) = (Self.metricMap(), SyntheticScene(seed: 4))
    let (car, drift) = (SIMD3(2.0, 1, 0.8), SIMD3(4.0, 1, -2))
    Self.fly(&map, &scene, past: [(1, "car", car)], from: 0)
    Self.fly(&map, &scene, past: [(2, "car", car)], from: 100, drift: drift)
    #expect(map.objects().count == 2)
    map.move(
      [
        PoseCorrection(nanos: 0, newFromOld: .identity),
        PoseCorrection(nanos: 100_000_000_000, newFromOld: SE3(rotation: .identity, translation: -drift)),
      ], ofMap: 0)
    for object in map.objects() { #expect(object.error(car) < 0.6) }
  }

  @Test func numbersAreBoundedAndIdentifiersNotUsedAgain() {
    var options = ObjectMapOptions()
    options.maximalObjects = 4
    var (map, scene) = (Self.metricMap(options: options), SyntheticScene(seed: 5))
    var seen: Set<Int> = []
    for round in 0..<8 {
      let place = SIMD3(Double(round % 4) * 6 - 9, Double(round / 4) * 8, 0.8)
      Self.fly(&map, &scene, past: [(round, "car", place)], from: Double(round) * 20)
      #expect(map.objects().count <= 4)
      seen.formUnion(map.objects().map(\.id))
    }
    #expect(seen == Set(1...8))
    #expect(map.counts.evicted == 4 && map.objects().map(\.id) == [5, 6, 7, 8])
  }

  @Test func tracksWithoutAPlaceAreBounded() {
    var options = ObjectMapOptions()
    options.maximalPending = 10
    var (map, scene) = (Self.metricMap(options: options), SyntheticScene(seed: 6))
    let pose = SyntheticScene.pose(at: SIMD3(0, 0, 30), towards: SIMD3(0, 20, 0))
    for track in 0..<50 {
      let seen = scene.sighting(track, "car", at: SIMD3(0, 20, 1), from: pose)
      map.add(
        MapFrame(nanos: Int64(track) * 1_000_000, map: 0, worldFromCamera: pose, camera: scene.camera),
        [seen].compactMap(\.self))
    }
    #expect(map.counts.pendingDropped == 40 && map.objects().isEmpty)
  }

  @Test func metricAxesAndPlaceOnEarthFollowThePlacement() throws {
    // The map is half as large as the world, turned and shifted.
    let metricFromMap = Sim3(scale: 2, rotation: .exp(SIMD3(0.3, -0.2, 1)), translation: SIMD3(5, 6, 7))
    let mapFromMetric = metricFromMap.inverse
    let plane = LocalTangentPlane(
      origin: GeodeticPosition(latitudeDegrees: 50.1, longitudeDegrees: 8.7, altitudeMetres: 120))
    let enuFromMetric = Sim3(scale: 1, rotation: SO3(angle: 0.5, axis: SIMD3(0, 0, 1)), translation: SIMD3(30, -20, 4))
    var (map, scene) = (ObjectMap(), SyntheticScene(seed: 7))
    map.place(
      MapPlacement(
        metricFromMap: metricFromMap,
        earth: .init(plane: plane, enuFromMap: enuFromMetric * metricFromMap, deviation: 1.5, headingDeviation: 0.02)),
      ofMap: 0)
    let car = SIMD3(2.0, 1, 0.8)
    for index in 0..<50 {
      let time = Double(index) / 10
      let pose = SyntheticScene.pose(at: SIMD3(-15 + 6 * time, -25, 30), towards: .zero)
      let seen = scene.sighting(1, "car", at: car, from: pose)
      map.add(
        MapFrame(
          nanos: Int64(time * 1e9), map: 0, worldFromCamera: mapFromMetric.moved(pose), camera: scene.camera),
        [seen].compactMap(\.self))
    }
    let object = try #require(map.objects().first)
    #expect(object.error(car) < 0.6 && object.isMetric)
    #expect((1.4...2.8).contains(object.size.x))
    let place = try #require(object.place)
    #expect((plane.local(from: place) - enuFromMetric * object.position).norm < 1e-4)
    let covariance = try #require(object.placeCovariance)
    #expect(covariance[0, 0] > 2.25 && covariance[2, 2] > 9)
  }

  @Test func whatIsPredictedOrCutOffTellsNothing() {
    var (map, scene) = (Self.metricMap(), SyntheticScene(seed: 8))
    for index in 0..<50 {
      let pose = SyntheticScene.pose(at: SIMD3(-15 + 0.6 * Double(index), -25, 30), towards: .zero)
      var seen = [scene.sighting(1, "car", at: .zero, from: pose), scene.sighting(2, "car", at: .zero, from: pose)]
        .compactMap(\.self)
      seen[0].isMeasured = false
      seen[1].box.x = 0
      map.add(MapFrame(nanos: Int64(index) * 100_000_000, map: 0, worldFromCamera: pose, camera: scene.camera), seen)
      map.add(MapFrame(nanos: Int64(index) * 100_000_000, map: 0, worldFromCamera: nil, camera: scene.camera), seen)
    }
    #expect(map.counts.sightings == 0 && map.objects().isEmpty)
  }
}
