import Geometry
import MediaModel
import MotionDetection
import Testing
import Tracking

@Suite struct MotionFollowerTests {
  /// What is found in each frame of a scene.
  private func found(_ world: ScriptedWorld, frames: Int) -> [[TrackedObject]] {
    var follower = MotionFollower()
    return (0..<frames).map { frame in
      follower.find(in: world.picture(frame: frame), at: Int64(frame) * 33_333_333)
    }
  }

  private func overlap(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> Float {
    func area(_ box: SIMD4<Float>) -> Float { max(box.z - box.x, 0) * max(box.w - box.y, 0) }
    let common = area(SIMD4(max(a.x, b.x), max(a.y, b.y), min(a.z, b.z), min(a.w, b.w)))
    return common / (area(a) + area(b) - common)
  }

  /// The identifiers under which a world's first block is found, frame by frame.
  private func names(of world: ScriptedWorld, in results: [[TrackedObject]], frames: [Int]) -> [Int] {
    frames.flatMap { frame in
      results[frame].filter { overlap($0.box, world.box(of: 0, frame: frame)) >= 0.5 }.map(\.id)
    }
  }

  /// A few houses and a wall, at rest.
  private static let houses = [
    ScriptedWorld.Block(low: SIMD3(-9, 14, 0), high: SIMD3(-4, 20, 5)),
    ScriptedWorld.Block(low: SIMD3(4, 18, 0), high: SIMD3(10, 24, 7)),
    ScriptedWorld.Block(low: SIMD3(-2, 30, 0), high: SIMD3(3, 34, 4)),
  ]
  private static let car = ScriptedWorld.Block(
    low: SIMD3(-6, 9, 0), high: SIMD3(-2, 11, 1.6), velocity: SIMD3(4, 0, 0))

  @Test func nothingMovesUnderACameraThatFliesOverTheGround() {
    let world = ScriptedWorld { ScriptedWorld.pose(SIMD3(3 * $0, 2 * $0, 20), down: 1.2) }
    let objects = found(world, frames: 40).flatMap { $0 }
    #expect(objects.isEmpty)
  }

  @Test func nothingMovesBeforeACameraThatTurns() {
    let world = ScriptedWorld(blocks: Self.houses) {
      ScriptedWorld.pose(SIMD3(0, 0, 8), heading: 0.4 * $0 - 0.2, down: 0.35)
    }
    let objects = found(world, frames: 40).flatMap { $0 }
    #expect(objects.isEmpty)
  }

  @Test func housesThatPassAreAtRest() {
    let world = ScriptedWorld(blocks: Self.houses) { ScriptedWorld.pose(SIMD3(-3 + 3 * $0, 0, 9), down: 0.4) }
    let objects = found(world, frames: 45).flatMap { $0 }
    #expect(objects.isEmpty)
  }

  @Test func housesThatComeNearerAreAtRest() {
    let world = ScriptedWorld(blocks: Self.houses) { ScriptedWorld.pose(SIMD3(0, 4 * $0, 9), down: 0.4) }
    let objects = found(world, frames: 45).flatMap { $0 }
    #expect(objects.isEmpty)
  }

  @Test(arguments: [SIMD3<Double>.zero, SIMD3(0, 3, 0), SIMD3(-2, 1, 0.5)])
  func whoCrossesIsFoundUnderOneName(cameraVelocity: SIMD3<Double>) {
    let world = ScriptedWorld(blocks: [Self.car] + Self.houses) {
      ScriptedWorld.pose(SIMD3(0, 0, 7) + cameraVelocity * $0, down: 0.5)
    }
    let results = found(world, frames: 45)
    let late = results.indices.filter { $0 >= 20 }
    let hits = late.filter { frame in
      results[frame].contains { overlap($0.box, world.box(of: 0, frame: frame)) >= 0.5 }
    }
    #expect(hits.count >= late.count * 8 / 10)
    let names = Set(
      hits.flatMap { frame in
        results[frame].filter { overlap($0.box, world.box(of: 0, frame: frame)) >= 0.5 }.map(\.id)
      })
    #expect(names.count == 1)
    let others = late.reduce(0) { count, frame in
      count + results[frame].filter { overlap($0.box, world.box(of: 0, frame: frame)) < 0.1 }.count
    }
    #expect(others == 0)
  }

  /// A camera that stays in its place has no parallax to tell from motion: all that moves is found, fast or slow.
  @Test(arguments: [1.0, 3.0, 8.0])
  func whoCrossesBeforeAStillCameraIsFoundInEveryFrame(speed: Double) {
    let start = SIMD3(-1 - speed * 0.6, 0, 0)
    let car = ScriptedWorld.Block(
      low: SIMD3(-2, 9, 0) + start, high: SIMD3(2, 11, 1.6) + start, velocity: SIMD3(speed, 0, 0))
    let world = ScriptedWorld(blocks: [car] + Self.houses) { _ in ScriptedWorld.pose(SIMD3(0, 0, 7), down: 0.5) }
    let results = found(world, frames: 36)
    let late = results.indices.filter { $0 >= 14 }
    let hits = names(of: world, in: results, frames: late)
    #expect(hits.count == late.count)
    #expect(Set(hits).count == 1)
    #expect(late.allSatisfy { results[$0].count == 1 })
  }

  /// A shadow moves as well, but leaves the ground's texture as it is.
  @Test func shadowsAreNoPartOfWhoCastsThem() {
    var car = Self.car
    car.shadowLength = 3
    let world = ScriptedWorld(blocks: [car]) { ScriptedWorld.pose(SIMD3(-2 * $0, $0, 7), down: 0.5) }
    let results = found(world, frames: 45)
    let late = results.indices.filter { $0 >= 25 }
    for frame in late {
      let truth = world.box(of: 0, frame: frame)
      let best = results[frame].max { overlap($0.box, truth) < overlap($1.box, truth) }
      // The shadow is three quarters as long as the car.
      let reach = best.map { truth.x - $0.box.x } ?? .infinity
      #expect(reach < 0.3 * (truth.z - truth.x))
    }
  }

  /// What stands before an object hides a part of it for a while.
  @Test func whoPassesBehindAPostKeepsItsName() {
    let post = ScriptedWorld.Block(low: SIMD3(-1, 6, 0), high: SIMD3(-0.7, 6.3, 4))
    let world = ScriptedWorld(blocks: [Self.car, post]) { ScriptedWorld.pose(SIMD3(0.5 * $0, 0, 7), down: 0.5) }
    let results = found(world, frames: 60)
    let late = results.indices.filter { $0 >= 20 }
    let names = names(of: world, in: results, frames: late)
    #expect(names.count >= late.count * 9 / 10)
    #expect(Set(names).count == 1)
  }

  /// All of it is half as bright from one frame to the next.
  @Test(arguments: [SIMD3<Double>.zero, SIMD3(0, 3, 0)])
  func whoGoesIntoTheShadeIsFollowed(cameraVelocity: SIMD3<Double>) {
    var car = Self.car
    car.shadedFrom = 1
    let world = ScriptedWorld(blocks: [car] + Self.houses) {
      ScriptedWorld.pose(SIMD3(0, 0, 7) + cameraVelocity * $0, down: 0.5)
    }
    let results = found(world, frames: 40)
    let late = results.indices.filter { $0 >= 25 }
    let names = names(of: world, in: results, frames: late)
    #expect(names.count == late.count)
    #expect(Set(names).count == 1)
  }

  /// Something in front hides all of it for a moment.
  @Test func whoIsHiddenForAMomentIsFoundAgain() {
    let car = ScriptedWorld.Block(low: SIMD3(-6.5, 9, 0), high: SIMD3(-4.1, 11, 1.6), velocity: SIMD3(4, 0, 0))
    let wall = ScriptedWorld.Block(low: SIMD3(-0.45, 3, 0), high: SIMD3(0.45, 3.2, 6))
    let world = ScriptedWorld(blocks: [car, wall]) { _ in ScriptedWorld.pose(SIMD3(0, 0, 7), down: 0.5) }
    let results = found(world, frames: 70)
    // From frame 20 to frame 60 it is hidden in part, from 38 to 42 wholly.
    let former = names(of: world, in: results, frames: Array(14..<19))
    #expect(Set(former).count == 1)
    #expect(Set(names(of: world, in: results, frames: Array(60..<70))) == Set(former))
  }

  /// It stays on the line on which points at rest move, but seems to hover: the ground is seen right beneath it, in
  /// some of the frames.
  @Test func whoComesTowardsTheCameraIsFoundAtTimes() {
    let car = ScriptedWorld.Block(low: SIMD3(0.5, 40, 0), high: SIMD3(3, 44, 2), velocity: SIMD3(0, -9, 0))
    let world = ScriptedWorld(blocks: [car]) { ScriptedWorld.pose(SIMD3(0, 5 * $0, 8), down: 0.35) }
    let results = found(world, frames: 60)
    let late = results.indices.filter { $0 >= 35 }
    let hits = late.filter { frame in
      results[frame].contains { overlap($0.box, world.box(of: 0, frame: frame)) >= 0.5 }
    }
    #expect(hits.count >= late.count / 5)
  }

  /// What is held to be where it was last seen is not reported: who stops is gone from the next frame on.
  @Test func onlyWhatIsMeasuredIsReported() {
    let world = ScriptedWorld(blocks: [Self.car] + Self.houses) {
      ScriptedWorld.pose(SIMD3($0, 2 * $0, 7), down: 0.5)
    }
    let objects = found(world, frames: 30).flatMap { $0 }
    #expect(!objects.isEmpty)
    #expect(objects.allSatisfy { $0.sighting == .measured })
  }

  @Test func masksLieInTheirBoxes() throws {
    let world = ScriptedWorld(blocks: [Self.car]) { _ in ScriptedWorld.pose(SIMD3(0, 0, 7), down: 0.5) }
    let objects = found(world, frames: 30).flatMap { $0 }.filter { $0.sighting == .measured }
    #expect(!objects.isEmpty)
    for object in objects {
      let mask = try #require(object.mask)
      #expect(mask.resolution == world.resolution)
      #expect(mask.area > 0)
      #expect(object.label == MotionFollower.label)
    }
  }

  @Test func theSamePicturesGiveTheSameObjects() {
    let world = ScriptedWorld(blocks: [Self.car] + Self.houses) {
      ScriptedWorld.pose(SIMD3($0, 2 * $0, 7), heading: 0.1 * $0, down: 0.5)
    }
    let first = found(world, frames: 25)
    let second = found(world, frames: 25)
    let count = first.reduce(0) { $0 + $1.count }
    #expect(first == second)
    #expect(count > 0)
  }

  @Test func anotherSizeIsAnotherScene() {
    var follower = MotionFollower()
    var world = ScriptedWorld(blocks: [Self.car]) { _ in ScriptedWorld.pose(SIMD3(0, 0, 7), down: 0.5) }
    var ids: [[Int]] = []
    for size in [Resolution(width: 400, height: 300), Resolution(width: 320, height: 240)] {
      world.resolution = size
      var seen: Set<Int> = []
      for frame in 0..<24 {
        for object in follower.find(in: world.picture(frame: frame), at: Int64(frame) * 33_333_333) {
          seen.insert(object.id)
          let maskSize = object.mask?.resolution ?? size
          #expect(maskSize == size)
        }
      }
      ids.append(seen.sorted())
    }
    let common = Set(ids[0]).intersection(ids[1])
    #expect(!ids[0].isEmpty && !ids[1].isEmpty)
    #expect(common.isEmpty)
  }

  @Test(arguments: [
    Resolution(width: 320, height: 240), Resolution(width: 40, height: 30), Resolution(width: 2, height: 2),
  ])
  func picturesWithoutTextureShowNothing(size: Resolution) {
    var follower = MotionFollower()
    for frame in 0..<15 {
      let builder = PictureBuilder(resolution: size)
      for row in 0..<size.height {
        (builder.luma + row * builder.strides.luma).update(repeating: 90, count: size.width)
      }
      for row in 0..<(size.height + 1) / 2 {
        for plane in [builder.cb, builder.cr] {
          (plane + row * builder.strides.chroma).update(repeating: 128, count: (size.width + 1) / 2)
        }
      }
      let objects = follower.find(in: builder.seal(), at: Int64(frame) * 33_333_333)
      #expect(objects.isEmpty)
    }
  }
}
