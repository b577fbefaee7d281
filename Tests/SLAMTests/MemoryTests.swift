import Geometry
import SLAM
import Testing
import Vision

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What keeps a map from growing for ever.
@Suite struct MemoryTests {
  private static let camera = RenderedRoom.camera

  /// Features of a rendered picture.
  private static func features(_ frame: Int) -> KeyFrameFeatures {
    let image = RenderedRoom.image(RenderedRoom.worldFromCamera(frame: frame))
    return KeyFrameFeatures(
      of: ImagePyramid(image, levelCount: 3), CornerStrengths(of: image), tracks: [], extractor: DescriptorExtractor())
  }

  private static let described = (0..<6).map { features(20 * $0) }

  /// Key frames in a row; each point is seen by `views` of them, one after the other.
  private static func map(keyFrames: Int, pointsEach: Int = 20, views: (_ keyFrame: Int) -> Int) -> SLAMMap {
    var map = SLAMMap()
    for index in 0..<keyFrames {
      map.keyFrames.append(
        KeyFrame(
          cameraFromWorld: SE3(rotation: .identity, translation: SIMD3(Double(-index), 0, 0)),
          features: described[index % described.count]))
    }
    for index in 0..<keyFrames {
      for point in 0..<pointsEach {
        let seen = (index..<min(index + views(index), keyFrames)).map { ($0, SIMD2(Double(point), 0)) }
        guard seen.count >= 2 else { continue }
        map.points[100 * index + point] = MapPoint(position: SIMD3(Double(index), 0, 5), observations: seen)
      }
    }
    map.indexPlaces()
    return map
  }

  // MARK: Points by key frame

  @Test func pointsAreFoundByTheKeyFramesThatSeeThem() {
    var map = Self.map(keyFrames: 6, pointsEach: 2) { _ in 3 }
    func expected(_ range: Range<Int>) -> [Int] {
      map.points.identifiers.filter { identifier in
        map.points[identifier]?.observations.contains { range.contains($0.keyFrame) } ?? false
      }
    }
    for range in [0..<1, 2..<4, 0..<6, 5..<6] { #expect(map.points.seen(by: range) == expected(range)) }
    map.points[100]?.observations.append((5, .zero))
    map.points[201]?.observations.removeAll { $0.keyFrame == 3 }
    map.points[300] = nil
    for range in [0..<1, 3..<4, 5..<6, 0..<6] { #expect(map.points.seen(by: range) == expected(range)) }
    #expect(map.points.seen(by: 5..<6).contains(100) && !map.points.seen(by: 3..<4).contains(201))
  }

  @Test func forgettingAKeyFrameTakesItsObservationsOut() {
    var map = Self.map(keyFrames: 4, pointsEach: 1) { _ in 2 }
    // Points 0, 100, 200 are seen by two key frames each.
    map.points[0]?.observations.append((2, .zero))
    map.points.forget(keyFrame: 1)
    #expect(map.points.identifiers == [0, 200])
    #expect(map.points[0]?.observations.map(\.keyFrame) == [0, 2])
  }

  // MARK: Index of places

  @Test func aPlaceThatIsRemovedIsNotFoundAndTheOthersAre() {
    var index = PlaceIndex()
    for (number, features) in Self.described.enumerated() { index.add(number, features) }
    #expect(index.candidates(like: Self.described[5], limit: 1, levels: 1).first?.keyFrame == 5)
    index.remove(5)
    index.remove(2)
    index.remove(2)
    #expect(index.keyFrames == [0, 1, 3, 4])
    for number in [0, 1, 3, 4] {
      #expect(index.candidates(like: Self.described[number], limit: 1, levels: 1).first?.keyFrame == number)
    }
    #expect(!index.candidates(like: Self.described[5], limit: 9, levels: 1).contains { $0.keyFrame == 5 })
  }

  @Test func roomIsUsedAgain() {
    var (index, fresh) = (PlaceIndex(), PlaceIndex())
    for number in 0..<3 { index.add(number, Self.described[number]) }
    let bytes = index.byteCount
    for number in 3..<40 {
      index.remove(number - 3)
      index.add(number, Self.described[number % Self.described.count])
    }
    #expect(index.byteCount == bytes && index.keyFrames == [37, 38, 39])
    // What was there before leaves no trace.
    for number in 37..<40 { fresh.add(number, Self.described[number % Self.described.count]) }
    for query in Self.described {
      #expect(index.candidates(like: query, limit: 3, levels: 2) == fresh.candidates(like: query, limit: 3, levels: 2))
    }
  }

  // MARK: Key frames

  @Test func theMostRedundantGoFirstAndKeepTheirPoses() {
    // Points of key frames 10 to 19 are seen by many, those of the others by three at most.
    var map = Self.map(keyFrames: 40) { (10..<20).contains($0) ? 8 : 3 }
    let poses = map.keyFrames.map(\.cameraFromWorld)
    map.limitKeyFrames(to: 38, keeping: 4)
    let gone = map.keyFrames.indices.filter { map.isStripped($0) }
    #expect(map.places.keyFrames.count <= 38 && gone.count == 40 - map.places.keyFrames.count)
    #expect(!gone.isEmpty && gone.allSatisfy { (10..<26).contains($0) }, "\(gone)")
    #expect(zip(gone, gone.dropFirst()).allSatisfy { $1 - $0 > 1 }, "not two that follow one another")
    #expect(map.keyFrames.map(\.cameraFromWorld) == poses)
    for identifier in map.points.identifiers {
      let observations = map.points[identifier]?.observations ?? []
      #expect(observations.count >= 2 && observations.allSatisfy { !gone.contains($0.keyFrame) })
    }
  }

  @Test(arguments: [4, 12, 33]) func anyNumberIsKeptTo(limit: Int) {
    var map = Self.map(keyFrames: 60) { _ in 4 }
    map.limitKeyFrames(to: limit, keeping: 2)
    #expect(map.places.keyFrames.count <= limit && map.places.keyFrames.count >= 4)
    // The two that hold the map, and the newest.
    #expect([0, 1, 58, 59].allSatisfy { map.places.keyFrames.contains($0) })
  }

  @Test func aSmallMapKeepsAllFeatures() {
    var map = Self.map(keyFrames: 30) { _ in 8 }
    for keyFrame in 0..<22 {
      map.thin(keyFrame: keyFrame)
      map.makeRoom(around: keyFrame, comfortable: 30)
    }
    #expect(map.places.keyFrames.count == 30 && map.heldKeyFrames.count < 30)
    for _ in 0..<10 { map.makeRoom(around: 21, comfortable: map.heldKeyFrames.count + 2) }
    #expect(map.places.keyFrames.count <= map.heldKeyFrames.count + 6 && map.places.keyFrames.count < 30)
  }

  @Test func mapsThatWereGivenUpAreBoundedTogether() {
    var options = SLAMOptions()
    options.maximalKeyFrames = 40
    var atlas = MapAtlas(options)
    for number in 0..<5 { atlas.store(Self.map(keyFrames: 9) { _ in 3 }, number: number) }
    #expect(atlas.keyFrameCount <= 20 && atlas.all.count == 2)
    #expect((0..<5).allSatisfy { atlas.keyFrames(of: $0).count == 9 }, "poses stay")
    atlas.forget(except: [1])
    #expect(atlas.keyFrames(of: 0).isEmpty && atlas.keyFrames(of: 1).count == 9 && atlas.all.count == 2)
    atlas.store(Self.map(keyFrames: 50) { _ in 3 }, number: 7)
    #expect(atlas.keyFrameCount <= 20 && atlas.all.count == 1)
  }

  // MARK: The engine

  @Test func toAndFroInARoomKeyFramesSaturate() throws {
    let there = (0..<90).map { RenderedRoom.image(RenderedRoom.worldFromCamera(frame: $0)) }
    var options = SLAMOptions()
    options.keyFrameMotion = 0.02
    options.maximalKeyFrames = 48
    var engine = SLAMEngine(camera: Self.camera, options: options)
    var counts: [Int] = []
    var keyFrames = 0
    for round in 0..<6 {
      for index in 0..<90 {
        let image = there[round % 2 == 0 ? index : 89 - index]
        let number = 90 * round + index
        let update = engine.add(SLAMFrame(number: number, nanos: Int64(number) * 33_333_333, image: image))
        keyFrames += update.isKeyFrame ? 1 : 0
        #expect(engine.memory.describedKeyFrames <= 48 && (number < 60 || update.worldFromCamera != nil))
      }
      counts.append(engine.memory.describedKeyFrames)
    }
    #expect(engine.memory.keyFrames > 60 && keyFrames > 60, "\(keyFrames)")
    #expect(counts.suffix(3).allSatisfy { $0 <= counts[2] + 8 }, "\(counts)")
    #expect(engine.trajectory.count == 540, "frames keep their poses")
    // Dark, then somewhere in the middle: found by the features that are left.
    let black = GreyImage(width: 320, height: 240, pixels: [UInt8](repeating: 16, count: 320 * 240))
    let after = ([black, black, black] + there[40..<46]).enumerated().map { index, image in
      engine.add(SLAMFrame(number: 540 + index, nanos: Int64(540 + index) * 33_333_333, image: image))
    }
    #expect(after[2].state == .lost && after.last?.map == 0 && after.last?.worldFromCamera != nil)
  }

  @Test func aLargeMapIsAdjustedInParts() throws {
    let truth = (0..<130).map { SE3(rotation: .identity, translation: SIMD3(-0.2 * Double($0), 0, 0)) }
    var map = SLAMMap()
    for (index, pose) in truth.enumerated() {
      // All but the first two are off by a little, in ways that do not add up.
      let offset = index < 2 ? .zero : 0.02 * SIMD3(sin(Double(7 * index)), cos(Double(5 * index)), sin(Double(index)))
      map.keyFrames.append(
        KeyFrame(cameraFromWorld: SE3(rotation: pose.rotation, translation: pose.translation + offset)))
    }
    for number in 0..<1_500 {
      let position = SIMD3(
        26 * Double(number) / 1_500, 2 * sin(Double(number)), 5 + 2 * cos(3 * Double(number)))
      let seen = truth.indices.compactMap { index in
        Self.camera.project(truth[index] * position).flatMap { Self.camera.contains(pixel: $0) ? (index, $0) : nil }
      }
      if seen.count >= 2 { map.points[number] = MapPoint(position: position, observations: seen) }
    }
    map.indexPlaces()
    func error() -> Double {
      let offsets = zip(map.keyFrames, truth).map {
        $0.cameraFromWorld.inverse.translation - $1.inverse.translation
      }
      return (offsets.reduce(0) { $0 + $1.dot($1) } / Double(truth.count)).squareRoot()
    }
    let before = error()
    // Key frames of the next part, which are still off, hold the end of each: every sweep takes about a third out.
    map.adjustInParts(camera: Self.camera)
    let once = error()
    map.adjustInParts(camera: Self.camera)
    #expect(before > 0.02 && once < 0.7 * before && error() < 0.75 * once, "\(before), \(once), \(error())")
  }
}
