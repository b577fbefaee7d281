import BusMessages
import Clocks
import Foundation
import Geometry
import Logging
import MapFormats
import MediaModel
import MessageBus
import NIOCore
import SLAM
import SLAMService
import TestSupport
import Testing

@Suite struct SLAMCoreTests {
  private let bus = InProcessBus()
  private let poses: BusSubscription
  private let clouds: BusSubscription
  private let viewers: BusSubscription

  init() {
    poses = bus.subscribe(SubscriptionRequest([.slamResults]))
    clouds = bus.subscribe(SubscriptionRequest([.pointClouds]))
    viewers = bus.subscribe(SubscriptionRequest([.trajectory]))
  }

  private func core(_ script: Script, _ change: (inout SLAMServiceOptions) -> Void = { _ in }) -> SLAMCore {
    var options = SLAMServiceOptions(stream: "drone")
    options.sharedMemory = nil
    options.isDense = false
    options.keepsResults = true
    change(&options)
    return SLAMCore(
      options: options, bus: bus, metrics: SLAMMetrics(), clocks: .system, logger: Logger(label: "test"),
      makeBackend: script.backend)
  }

  private func frame(_ number: Int, size: Resolution = Resolution(width: 64, height: 48)) -> SLAMPicture {
    SLAMPicture(number: number, nanos: Int64(number) * 1_000_000_000, picture: picture(size), isLive: true)
  }

  private func received(_ subscription: BusSubscription) async throws -> [CameraPose] {
    var bodies: [CameraPose] = []
    while subscription.backlog.messages > 0, let delivery = await subscription.next() {
      bodies.append(try CameraPose(delivery.message.body))
    }
    return bodies
  }

  @Test func everyFrameHasAStateAndOnlySomeHaveAPose() async throws {
    var core = core(Script([.initialising, .tracking, .tracking, .lost, .relocalised]))
    for number in 1...5 { try core.take(frame(number), motion: []) }
    let found = try await received(poses)
    #expect(found.map(\.state) == [.initialising, .tracking, .tracking, .lost, .relocalised])
    #expect(found.map { $0.pose != nil } == [false, true, true, false, true])
    #expect(found.map(\.isKeyframe) == [false, false, true, false, true])
    #expect(found[2].pose?[0] == [1, 0, 0, 0.2] && found[2].timestamp == 3 && found[2].stream == "drone")
    #expect(found.allSatisfy { $0.scale == .unknown && $0.map == 0 })
    #expect(try await received(viewers).map(\.frameNumber) == [2, 3, 5], "viewers get poses only")
  }

  @Test func aPoseThatIsNotKnownIsNullInJSON() throws {
    let text = String(buffer: try CameraPose(frameNumber: 1, timestamp: 2, pose: nil, isKeyframe: false).encoded())
    #expect(text == #"{"frame_number":1,"is_keyframe":false,"pose":null,"timestamp":2}"#)
  }

  @Test func anotherSizeBeginsASegmentWithMapsOfItsOwn() async throws {
    let script = Script([.tracking])
    var core = core(script)
    try core.take(frame(1), motion: [])
    try core.take(frame(2, size: Resolution(width: 96, height: 64)), motion: [])
    // Time goes back: a file that is played again, or a phone that set its clock.
    try core.take(frame(1, size: Resolution(width: 96, height: 64)), motion: [])
    #expect(script.cameras.map(\.width) == [64, 96, 96] && script.finished == 2)
    #expect(try await received(poses).map(\.map) == [0, 1, 2])
    core.restart()
    core.restart()
    try core.take(frame(9, size: Resolution(width: 96, height: 64)), motion: [])
    #expect(script.cameras.count == 4 && script.finished == 3)
    core.finish(motion: [])
    #expect(core.results.map { $0.maps.map(\.number) } == [[0], [1], [2], [3]])
    #expect(core.results.map { $0.maps.map(\.poses.count) } == [[1], [1], [1], [1]])
  }

  @Test func aFileWhoseTimesGoBackLosesTheFrameOnly() throws {
    let script = Script([.tracking])
    var core = core(script)
    for number in [1, 3, 2, 4] {
      var frame = frame(number)
      frame.isLive = false
      if number == 2 {
        #expect(throws: SLAMServiceError.timeGoesBack(frame: 2)) { try core.take(frame, motion: []) }
      } else {
        try core.take(frame, motion: [])
      }
    }
    #expect(script.cameras.count == 1 && script.frames.count == 3 && core.problem == .timeGoesBack(frame: 2))
  }

  @Test func largePicturesAreHalvedWithTheirCamera() throws {
    let script = Script([.tracking])
    var core = core(script) { $0.largestSide = 100 }
    try core.take(frame(1, size: Resolution(width: 320, height: 180)), motion: [])
    #expect(script.frames == [.init(width: 80, height: 45, nanos: 1_000_000_000)])
    core.finish(motion: [])
    // Files are for pictures as they came: what COLMAP reads fits the key frames that were kept.
    let model = try #require(core.results.first).colmapModel
    #expect(model.cameras == [CameraModel.assumed(width: 320, height: 180)])
    #expect(model.points.allSatisfy { $0.error < 1e-9 } && model.images.first?.observations.count == 4)
    let camera = try #require(script.cameras.first)
    let assumed = CameraModel.assumed(width: 320, height: 180)
    // The same ray: a corner of the small picture is the corner of the large one.
    let small = try #require(camera.unproject(SIMD2(-0.5, -0.5)))
    let large = try #require(assumed.unproject(SIMD2(-0.5, -0.5)))
    #expect((small - large).norm < 1e-9)
  }

  @Test func samplesAfterAJumpOfTheClockCountAgain() async throws {
    var core = core(Script([.tracking]))
    func fix(_ second: Int64) -> MotionSample {
      .position(
        GPSSample(
          timestampNanos: second * 1_000_000_000, latitudeDegrees: 47 + Double(second) * 1e-5, longitudeDegrees: 8,
          altitudeMetres: 400, accuracyMetres: 1, speedMPerSec: 1, headingDegrees: 0))
    }
    for second in [Int64](1_000...1_020) + [Int64](1...40) {
      try core.take(frame(Int(second)), motion: [fix(second)])
    }
    // A straight path ties no map to Earth: whatever is said of it must not come from before the jump.
    let found = try await received(poses)
    #expect(found.count == 61 && found.allSatisfy { $0.position == nil && $0.scale == .unknown })
    #expect(Set(found.suffix(40).map(\.map)) == [1])
  }

  @Test func theCameraOfAFileIsScaledOrRefused() throws {
    let description = CameraDescription(
      camera: .pinhole(
        PinholeCamera(focalLength: SIMD2(100, 100), principalPoint: SIMD2(63.5, 47.5), width: 128, height: 96)))
    let script = Script([.tracking])
    var core = core(script) { $0.camera = description }
    try core.take(frame(1), motion: [])
    #expect(script.cameras.first?.focalLength == SIMD2(50, 50))
    #expect(script.cameras.first?.principalPoint == SIMD2(31.5, 23.5))
    let refused = SLAMServiceError.cameraOfAnotherSize(camera: "128x96", picture: "96x64")
    #expect(throws: refused) {
      try core.take(frame(2, size: Resolution(width: 96, height: 64)), motion: [])
    }
    try core.take(frame(3), motion: [])
    #expect(script.frames.count == 2)
  }

  @Test func timesOfAFileReplaceItsOwn() throws {
    let script = Script([.tracking])
    var core = core(script) { $0.times = [70, 80] }
    try core.take(frame(1), motion: [])
    try core.take(frame(2), motion: [])
    #expect(throws: SLAMServiceError.fewerTimesThanFrames(times: 2)) { try core.take(frame(3), motion: []) }
    #expect(script.frames.map(\.nanos) == [70, 80])
  }

  @Test func cloudsHaveTheColoursOfThePicture() async throws {
    var core = core(Script([.tracking]))
    for number in 1...5 { try core.take(frame(number), motion: []) }
    let cloud = try #require(await clouds.next()).message
    #expect(cloud.contentType == PointCloud.contentType)
    // Four landmarks, two in the dark half.
    let points = Array(cloud.body.readableBytesView.suffix(4 * 15))
    #expect(points[13] < points[15 + 13], "the left half is darker")
    #expect(clouds.backlog.messages == 2, "one every two seconds")
  }

  @Test func keyFramesGoToTheSession() throws {
    let folder = TemporaryFolder()
    let session = folder.path("20260101_000000")
    var core = core(Script([.tracking])) { $0.sessionFolder = { session } }
    for number in 1...3 { try core.take(frame(number), motion: []) }
    core.finish(motion: [])
    let names = try files(session + "/keyframes")
    #expect(
      names == [
        "keyframe_000001.jpg", "keyframe_000003.jpg", "pose_000001.npy", "pose_000003.npy",
      ])
  }

  @Test func keyFramesGoToSharedMemory() throws {
    let folder = TemporaryFolder()
    var place = SharedKeyFrames.Options()
    place.folder = folder.url.path
    var core = core(Script([.tracking])) { $0.sharedMemory = place }
    #expect(try files(folder.url.path).contains("slam3r_keyframes"))
    for number in 1...3 { try core.take(frame(number), motion: []) }
    #expect(try files(folder.url.path).filter { $0.hasPrefix("slam3r_keyframe_") }.count == 2)
    core.finish(motion: [])
    #expect(try files(folder.url.path).isEmpty, "removed at the end")
  }

  @Test func theResultHasWhatFilesNeed() throws {
    var core = core(Script([.tracking]))
    for number in 1...5 { try core.take(frame(number), motion: []) }
    core.finish(motion: [])
    let result = try #require(core.results.first)
    #expect(result.maps.first?.poses.count == 5)
    let model = result.colmapModel
    #expect(model.images.map(\.name) == [1, 3, 5].map { "keyframe_00000\($0).jpg" })
    #expect(model.points.count == 4 && model.points.allSatisfy { $0.error < 1e-9 })
    #expect(result.cloud.points.count == 4)
  }
}
