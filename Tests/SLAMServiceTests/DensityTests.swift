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

@Suite struct DensityTests {
  private let bus = InProcessBus()

  private func core(_ change: (inout SLAMServiceOptions) -> Void = { _ in }) -> SLAMCore {
    var options = SLAMServiceOptions(stream: "drone")
    options.camera = CameraDescription(camera: TexturedWall.camera)
    options.sharedMemory = nil
    options.keepsResults = true
    change(&options)
    return SLAMCore(
      options: options, bus: bus, metrics: SLAMMetrics(), clocks: .system, logger: Logger(label: "test"),
      makeBackend: { TexturedWall(camera: $0) })
  }

  private func frame(_ number: Int, isLive: Bool = false, isUniform: Bool = false) -> SLAMPicture {
    SLAMPicture(
      number: number, nanos: Int64(number) * 500_000_000,
      picture: TexturedWall.picture(number, isUniform: isUniform), isLive: isLive)
  }

  private func result(
    isLive: Bool = false, isUniform: Bool = false, _ change: (inout SLAMServiceOptions) -> Void = { _ in }
  ) throws -> SLAMResult {
    var core = core(change)
    for number in 1...9 { try core.take(frame(number, isLive: isLive, isUniform: isUniform), motion: []) }
    core.finish(motion: [])
    return try #require(core.results.first)
  }

  @Test func theMapShowsTheWallInItsColour() throws {
    let cloud = try #require(try result().denseCloud)
    #expect(cloud.points.count > 3000, "\(cloud.points.count)")
    #expect(cloud.hasConfidence && cloud.points.allSatisfy { $0.confidence > 0 && $0.confidence <= 1 })
    let errors = cloud.points.map { abs(Double($0.position.z) / TexturedWall.distance - 1) }.sorted()
    #expect(errors[errors.count / 2] < 0.005 && errors[errors.count * 49 / 50] < 0.03)
    #expect(cloud.points.allSatisfy { $0.colour.x > $0.colour.z }, "the wall is reddish")
  }

  @Test func aFileGivesTheSamePointsEveryTime() throws {
    #expect(try result().cloud == result().cloud)
  }

  @Test func liveVideoGivesPointsToo() throws {
    let cloud = try #require(try result(isLive: true).denseCloud)
    #expect(cloud.points.count > 500, "key frames are given up when they come too fast, but not all")
  }

  @Test func aPlainWallShowsNothing() throws {
    let result = try result(isUniform: true)
    #expect(result.denseCloud == nil && !result.cloud.hasConfidence)
  }

  @Test func depthCanBeTurnedOff() throws {
    let result = try result { $0.isDense = false }
    #expect(result.denseCloud == nil && result.cloud.points.isEmpty, "the wall has no landmarks in its map")
  }

  @Test func noMorePointsAreKeptThanAllowed() throws {
    let cloud = try #require(try result { $0.densePoints = 2_000 }.denseCloud)
    #expect(cloud.points.count > 500 && cloud.points.count <= 2_000)
  }

  @Test func sharedMemoryHasConfidences() throws {
    let folder = TemporaryFolder()
    var place = SharedKeyFrames.Options()
    place.folder = folder.url.path
    var core = core { $0.sharedMemory = place }
    for number in 1...8 { try core.take(frame(number), motion: []) }
    let names = try FileManager.default.contentsOfDirectory(atPath: place.folder)
      .filter { $0.hasPrefix("slam3r_keyframe_") }.sorted()
    // Three later ones, the next one's depth, and one that is being worked on.
    #expect(names.count == 3, "\(names)")
    let bytes = [UInt8](try Data(contentsOf: folder.url.appendingPathComponent(try #require(names.first))))
    let count = Int(bytes[8]) | Int(bytes[9]) << 8 | Int(bytes[10]) << 16
    #expect(count > 500 && bytes[16] == 1 && bytes.count == KeyFrameSegment.headerSize + 19 * count)
    core.finish(motion: [])
  }

  @Test func viewersGetTheCloud() async throws {
    let clouds = bus.subscribe(SubscriptionRequest([.pointClouds]))
    _ = try result()
    var largest = 0
    while clouds.backlog.messages > 0, let delivery = await clouds.next() {
      let text = String(decoding: delivery.message.body.readableBytesView.prefix(300), as: UTF8.self)
      if text.contains("property float confidence") {
        largest = max(largest, delivery.message.body.readableBytes / 19)
      }
    }
    #expect(largest > 1000, "\(largest)")
  }
}
