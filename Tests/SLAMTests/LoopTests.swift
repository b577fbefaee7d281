import Geometry
import MultiView
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

/// A camera that comes back: to where it was, to a map that it lost, or to something that only looks alike.
@Suite struct LoopTests {
  private static let black = GreyImage(width: 320, height: 240, pixels: [UInt8](repeating: 16, count: 320 * 240))

  /// Where the camera is that turns about itself while it moves along a circle, `share` of a whole turn.
  private static func turning(_ share: Double) -> SE3 {
    let angle = 2 * Double.pi * share
    let turn = SO3.exp(SIMD3(0, angle, 0))
    return SE3(rotation: turn, translation: turn * SIMD3(0, 0, -2) + SIMD3(0, 0.3 * sin(5 * angle), 0))
  }

  private func run(
    _ path: [SE3?], room: (SE3) -> GreyImage = { RenderedRoom.image($0) }, patience: Int = 10
  ) -> (SLAMEngine, [SLAMUpdate]) {
    var options = SLAMOptions()
    options.patience = patience
    var engine = SLAMEngine(camera: RenderedRoom.camera, options: options)
    let updates = path.enumerated().map { index, pose in
      engine.add(
        SLAMFrame(number: index, nanos: Int64(index) * 33_333_333, image: pose.map(room) ?? Self.black))
    }
    return (engine, updates)
  }

  /// Root mean square distance between the path and the truth, after the best similarity.
  private func error(_ poses: [SLAMPose], _ path: [SE3?]) throws -> Double {
    let pairs = poses.compactMap { pose in
      path[pose.frameNumber].map { (pose.worldFromCamera.translation, $0.translation) }
    }
    let similarity = SimilarityAlignment.targetFromSource(pairs.map(\.0), pairs.map(\.1))
    let aligned = try #require(similarity)
    let squares = pairs.reduce(0.0) { sum, pair in
      let difference = aligned * pair.0 - pair.1
      return sum + difference.dot(difference)
    }
    return (squares / Double(pairs.count)).squareRoot()
  }

  @Test func aFullTurnComesBackToWhereItBegan() throws {
    let path = (0..<260).map { Self.turning(1.1 * Double($0) / 259) }
    var (engine, updates) = run(path)
    #expect(updates.suffix(220).allSatisfy { $0.state == .tracking && $0.map == 0 })
    let online = try error(engine.trajectory, path)
    engine.finish()
    let finished = try error(engine.trajectory, path)
    #expect(online < 0.1 && finished < 0.04, "\(online), \(finished)")
  }

  @Test func aKidnappedCameraFindsAnOldPlace() throws {
    // 90 frames on, then back at what the tenth showed.
    let path = (0..<90).map { RenderedRoom.worldFromCamera(frame: $0) }
    let again = (10..<40).map { RenderedRoom.worldFromCamera(frame: $0) }
    let (engine, updates) = run(path + again)
    #expect(updates.suffix(30).allSatisfy { $0.map == 0 && $0.worldFromCamera != nil })
    #expect(updates[90].state == .relocalised || updates[90].state == .tracking)
    #expect(try error(engine.trajectory, path + again) < 0.02)
  }

  @Test func mapsOfOneRoomBecomeOne() throws {
    // A quarter turn, darkness, then from the other side back to the first quarter.
    let first = (0..<70).map { Self.turning(0.3 * Double($0) / 69) }
    let dark = [SE3?](repeating: nil, count: 14)
    let second = (0..<130).map { Self.turning(0.7 - 0.6 * Double($0) / 129) }
    let path = first + dark + second
    var (engine, updates) = run(path)
    let before = try #require(updates.last { $0.map == 1 && $0.worldFromCamera != nil })
    let merged = try #require(updates.dropFirst(before.frameNumber).first { $0.map == 0 })
    #expect(merged.state == .relocalised)
    #expect(updates.suffix(20).allSatisfy { $0.map == 0 && $0.state == .tracking })
    engine.finish()
    #expect(engine.trajectory.allSatisfy { $0.map == 0 })
    #expect(try error(engine.trajectory, path) < 0.05)
  }

  @Test func theSameWallpaperElsewhereIsNoLoop() throws {
    // The pattern of the walls repeats every two units.
    let path = (0..<140).map { index in
      let t = Double(index) / 139
      return SE3(rotation: .exp(SIMD3(0, 0.1 * t, 0)), translation: SIMD3(-3 + 6 * t, 0.3 * sin(9 * t), -2 + 0.5 * t))
    }
    let (engine, updates) = run(path, room: { RenderedRoom.image($0, period: 12) })
    #expect(updates.suffix(100).allSatisfy { $0.state == .tracking })
    #expect(try error(engine.trajectory, path) < 0.05)
  }

  @Test func comesBackTheSameWayInEveryRun() {
    let path: [SE3?] =
      (0..<40).map { RenderedRoom.worldFromCamera(frame: $0) } + [SE3?](repeating: nil, count: 3)
      + (0..<20).map { RenderedRoom.worldFromCamera(frame: $0) }
    var (first, second) = (run(path), run(path))
    #expect(first.1 == second.1)
    first.0.finish()
    second.0.finish()
    #expect(first.0.trajectory == second.0.trajectory && first.0.mapPoints == second.0.mapPoints)
  }
}
