import Geometry
import MultiView
import SLAM
import Testing
import Vision

@Suite struct SLAMEngineTests {
  private static let frameCount = 90
  private static let images = (0..<frameCount).map { RenderedRoom.image(RenderedRoom.worldFromCamera(frame: $0)) }
  private static let black = GreyImage(width: 320, height: 240, pixels: [UInt8](repeating: 16, count: 320 * 240))

  private func run(
    _ images: [GreyImage], _ options: SLAMOptions = SLAMOptions(), camera: CameraModel = RenderedRoom.camera
  ) -> (SLAMEngine, [SLAMUpdate]) {
    var engine = SLAMEngine(camera: camera, options: options)
    let updates = images.enumerated().map { index, image in
      engine.add(SLAMFrame(number: index, nanos: Int64(index) * 33_333_333, image: image))
    }
    return (engine, updates)
  }

  /// Root mean square distance between the path and the truth, after the best similarity.
  private func error(_ poses: [SLAMPose]) throws -> Double {
    let estimate = poses.map(\.worldFromCamera.translation)
    let truth = poses.map { RenderedRoom.worldFromCamera(frame: $0.frameNumber).translation }
    let aligned = try #require(SimilarityAlignment.targetFromSource(estimate, truth))
    let squares = zip(estimate, truth).map { ($0.0, $0.1) }.reduce(0.0) { sum, pair in
      let difference = aligned * pair.0 - pair.1
      return sum + difference.dot(difference)
    }
    return (squares / Double(poses.count)).squareRoot()
  }

  @Test func followsAKnownPath() throws {
    var (engine, updates) = run(Self.images)
    #expect(try error(engine.trajectory) < 0.01)
    engine.finish()
    let trajectory = engine.trajectory
    #expect(trajectory.count == Self.frameCount, "frames before the map was there have poses too")
    #expect(trajectory.map(\.frameNumber) == Array(0..<Self.frameCount))
    #expect(try error(trajectory) < 0.01)
    #expect(updates.last?.state == .tracking && updates.last.map { $0.trackedPoints > 100 } == true)
    #expect(updates.filter(\.isKeyFrame).count >= 3 && engine.mapPoints.count > 150)
    #expect(updates.allSatisfy { $0.reprojectionError < 1.5 })
  }

  @Test(arguments: [0.83, 1.2]) func findsTheFocalLength(factor: Double) throws {
    guard case .pinhole(var wrong) = RenderedRoom.camera else { return }
    wrong.focalLength *= factor
    var options = SLAMOptions()
    options.calibration = .assumed
    options.keyFrameMotion = 0.03
    var (engine, _) = run(Self.images, options, camera: .pinhole(wrong))
    engine.finish()
    #expect(abs(engine.camera.focalLength.x / 250 - 1) < 0.03)
    #expect(try error(engine.trajectory) < 0.04)
  }

  @Test func memoryIsBounded() throws {
    var options = SLAMOptions()
    options.maximalPoints = 340
    options.maximalPoses = 40
    let (engine, updates) = run(Self.images, options)
    #expect(engine.mapPoints.count <= 340)
    #expect(engine.trajectory.count <= 40 && engine.trajectory.count >= 30)
    #expect(engine.trajectory.count + engine.droppedPoses == Self.frameCount)
    #expect(engine.trajectory.last?.frameNumber == Self.frameCount - 1 && updates.last?.state == .tracking)
    #expect(try error(engine.trajectory) < 0.02)
  }

  @Test func rollingShutterIsTakenOff() throws {
    let readout = 0.03
    let images = (0..<60).map { RenderedRoom.image(frame: $0, readoutSeconds: readout) }
    var options = SLAMOptions()
    var (global, _) = run(images, options)
    options.readoutSeconds = readout
    var (rolling, _) = run(images, options)
    global.finish()
    rolling.finish()
    #expect(try error(rolling.trajectory) < 0.5 * error(global.trajectory))
  }

  @Test func isTheSameInEveryRun() {
    let images = Array(Self.images.prefix(50))
    let (first, second) = (run(images), run(images))
    #expect(first.1 == second.1)
    #expect(first.0.trajectory == second.0.trajectory && first.0.mapPoints == second.0.mapPoints)
  }

  @Test func findsItselfAfterABlackout() throws {
    var images = Self.images
    for index in 60..<68 { images[index] = Self.black }
    let (engine, updates) = run(images)
    #expect(updates[60..<68].allSatisfy { $0.state == .lost && $0.worldFromCamera == nil })
    let found = try #require(updates.dropFirst(68).first { $0.state == .relocalised })
    #expect(found.frameNumber < 72 && updates.last?.state == .tracking && updates.last?.map == 0)
    #expect(try error(engine.trajectory.filter { $0.frameNumber >= 68 || $0.frameNumber < 60 }) < 0.02)
  }

  @Test func beginsANewMapRatherThanGuess() {
    var options = SLAMOptions()
    options.patience = 10
    let images = Array(Self.images.prefix(40)) + [GreyImage](repeating: Self.black, count: 20)
    let (_, updates) = run(images, options)
    #expect(updates[39].state == .tracking && updates[59].state == .initialising && updates[59].map == 1)
    #expect(updates[40...].allSatisfy { $0.worldFromCamera == nil })
  }

  @Test func aStillOrTurningCameraMakesNoMap() {
    let still = [GreyImage](repeating: Self.images[0], count: 20)
    let start = RenderedRoom.worldFromCamera(frame: 0)
    let turning = (0..<30).map { index in
      RenderedRoom.image(
        SE3(rotation: .exp(SIMD3(0, 0.012 * Double(index), 0)), translation: start.translation))
    }
    for images in [still, turning, [GreyImage](repeating: Self.black, count: 20)] {
      let (engine, updates) = run(images)
      #expect(updates.allSatisfy { $0.state == .initialising && $0.worldFromCamera == nil })
      #expect(engine.trajectory.isEmpty)
    }
  }
}
