import BusMessages
import Clocks
import Foundation
import Geometry
import Logging
import MapFormats
import MediaModel
import MessageBus
import SLAM
import SLAMService
import TestSupport
import Testing

/// Maps that go from one run to the next, and where on Earth they lie.
@Suite struct SavedMapKeepingTests {
  private let bus = InProcessBus()
  private let camera = CameraModel.assumed(width: 64, height: 48)

  private func core(_ script: Script, _ change: (inout SLAMServiceOptions) -> Void = { _ in }) -> SLAMCore {
    var options = SLAMServiceOptions(stream: "drone")
    options.sharedMemory = nil
    options.keepsResults = true
    change(&options)
    return SLAMCore(
      options: options, bus: bus, metrics: SLAMMetrics(), clocks: .system, logger: Logger(label: "test"),
      makeBackend: script.backend)
  }

  private func frame(_ number: Int, isLive: Bool = true) -> SLAMPicture {
    SLAMPicture(number: number, nanos: Int64(number) * 1_000_000_000, picture: picture(), isLive: isLive)
  }

  /// A map whose unit is two metres, x east, y north, at 47° north.
  private var earlier: SavedMap {
    var map = SavedMap(camera: camera, runs: 1, map: scriptedMap(keyFrames: 3, run: 0))
    map.placement.metricFromWorld = Sim3(scale: 2, rotation: .identity, translation: .zero)
    map.placement.place = .init(
      origin: .init(latitudeDegrees: 47, longitudeDegrees: 8, altitudeMetres: 400),
      enuFromWorld: Sim3(scale: 2, rotation: .identity, translation: .zero), residual: 0.5, headingDeviation: 0.01)
    map.colours = [7: SIMD3(1, 2, 3)]
    return map
  }

  /// A fix where the scripted camera is at a second, when its first frame is 1 and its unit two metres.
  private func fix(_ second: Int, accuracy: Double = 0.02) -> MotionSample {
    let plane = LocalTangentPlane(origin: .init(latitudeDegrees: 47, longitudeDegrees: 8, altitudeMetres: 400))
    let place = plane.geodetic(fromLocal: SIMD3(0.2 * Double(second - 1), 0, 0))
    return .position(
      GPSSample(
        timestampNanos: Int64(second) * 1_000_000_000, latitudeDegrees: place.latitudeDegrees,
        longitudeDegrees: place.longitudeDegrees, altitudeMetres: place.altitudeMetres, accuracyMetres: accuracy,
        speedMPerSec: 0, headingDegrees: 0))
  }

  @Test func anEarlierMapIsMetricAndOnEarthAtOnce() async throws {
    let poses = bus.subscribe(SubscriptionRequest([.slamResults]))
    var core = core(Script([.relocalised, .tracking], keepsMaps: true)) { $0.earlierMap = earlier }
    for number in 1...3 { try core.take(frame(number), motion: []) }
    core.finish(motion: [])
    for index in 0..<3 {
      let pose = try CameraPose(#require(await poses.next()).message.body)
      #expect(pose.scale == .trustworthy && pose.pose?[0][3] == 0.2 * Double(index))
      #expect(abs(try #require(pose.position).latitude - 47) < 1e-9)
    }
    let map = try #require(core.results.first?.maps.first)
    #expect(map.isMetric && map.earth == .known && map.positions.map(\.nanos) == map.poses.map(\.nanos))
    let moved = try #require(map.positions.last).place.longitudeDegrees - 8
    #expect(abs(moved - 0.4 / 111_320 / cos(47 * Double.pi / 180)) < 2e-8)
  }

  @Test func whatWasAddedIsKeptWithItsPlacement() throws {
    let folder = TemporaryFolder()
    let file = SavedMapFile(folder.path("yard.wsmap"))
    var core = core(Script([.tracking], keepsMaps: true)) {
      $0.earlierMap = earlier
      $0.mapFile = file
    }
    for number in 1...5 { try core.take(frame(number, isLive: false), motion: []) }
    #expect(!core.hasMapGrown)
    core.finish(motion: [])
    let kept = try #require(core.keptMap)
    #expect(core.hasMapGrown && kept.runs == 2 && kept.newestCount == 4)
    #expect(kept.placement == earlier.placement && kept.colours[7] == SIMD3(1, 2, 3))
  }

  @Test func aMapThatWasNotSeenStaysAsItIs() throws {
    var core = core(Script([.initialising], keepsMaps: true)) {
      $0.earlierMap = earlier
      $0.mapFile = SavedMapFile("/nowhere/yard.wsmap")
    }
    try core.take(frame(1), motion: [])
    core.restart()
    try core.take(frame(2), motion: [])
    core.finish(motion: [])
    #expect(!core.hasMapGrown && core.keptMap?.bytes == earlier.bytes)
  }

  @Test func theNextSegmentGoesOnInTheMap() throws {
    var core = core(Script([.tracking], keepsMaps: true)) { $0.mapFile = SavedMapFile("/nowhere/yard.wsmap") }
    for number in 1...3 { try core.take(frame(number), motion: []) }
    core.restart()
    for number in 4...6 { try core.take(frame(number), motion: []) }
    core.finish(motion: [])
    #expect(core.keptMap?.runs == 2)
  }

  @Test func liveMapsAreKeptNowAndThen() throws {
    var core = core(Script([.tracking], keepsMaps: true)) { $0.mapFile = SavedMapFile("/nowhere/yard.wsmap") }
    var kept: [Int] = []
    for number in 1...130 {
      try core.take(frame(number), motion: [])
      if core.mapToKeep(at: Int64(number) * 1_000_000_000) != nil { kept.append(number) }
    }
    #expect(kept == [61, 121])
    #expect(core.mapToKeep(at: nil) != nil && core.mapToKeep(at: nil) == nil, "nothing is new the second time")
  }

  @Test func aBackEndWithoutMapsSaysSo() {
    var core = core(Script([.tracking])) { $0.earlierMap = earlier }
    #expect(throws: SLAMServiceError.mapOfNoUse(.noMapsHere)) { try core.take(frame(1), motion: []) }
  }

  @Test func fixesGiveEachFrameItsPlace() throws {
    var map = earlier
    map.placement.place = nil
    var core = core(Script([.tracking], keepsMaps: true)) { $0.earlierMap = map }
    for number in 1...60 { try core.take(frame(number, isLive: false), motion: [fix(number)]) }
    core.finish(motion: [])
    let found = try #require(core.results.first?.maps.first)
    #expect(found.earth == .known && found.positions.count == 60)
    #expect(abs(try #require(found.positions.first).place.longitudeDegrees - 8) < 1e-6)
  }

  @Test func fixesThatTellNothingTellNothing() throws {
    func earth(_ motion: [MotionSample]) throws -> SLAMResult.Map? {
      var core = core(Script([.tracking]))
      for number in 1...30 { try core.take(frame(number, isLive: false), motion: number == 1 ? motion : []) }
      core.finish(motion: [])
      return core.results.first?.maps.first
    }
    for (fixes, expected) in [
      ([], SLAMResult.Earth.noFixes), ((1...3).map { fix($0) }, .fewFixes),
      // A straight path: the camera may be turned about it.
      ((1...30).map { fix($0) }, .uncertain),
      ((1...30).map { fix($0, accuracy: 20) }, .uncertain),
    ] {
      let map = try #require(try earth(fixes))
      #expect(map.earth == expected && map.positions.isEmpty)
    }
  }

  @Test func theFrameThatAMapBeginsFromIsAKeyFrameOnDisk() throws {
    let folder = TemporaryFolder()
    let session = folder.path("20260101_000000")
    let script = Script([.initialising, .initialising, .tracking], reference: 2)
    var core = core(script) { $0.sessionFolder = { session } }
    for number in 1...5 { try core.take(frame(number), motion: []) }
    core.finish(motion: [])
    let names = try files(session + "/keyframes")
    #expect(names.contains("keyframe_000002.jpg") && names.contains("pose_000002.npy"))
    #expect(!names.contains("keyframe_000001.jpg"))
  }

  // MARK: Files

  @Test func aFileComesBack() throws {
    let folder = TemporaryFolder()
    let file = SavedMapFile(folder.path("yard.wsmap"))
    #expect(try file.read() == nil)
    try file.checkFolder()
    #expect(try files(folder.url.path).isEmpty)
    try file.write(earlier)
    #expect(try file.read()?.bytes == earlier.bytes)
    #expect(try files(folder.url.path) == ["yard.wsmap"])
  }

  @Test func aFailureLeavesTheOldFile() throws {
    let folder = TemporaryFolder()
    let file = SavedMapFile(folder.path("yard.wsmap"))
    try file.write(earlier)
    // Nothing can be written beside it.
    try FileManager.default.createDirectory(atPath: file.path + ".part", withIntermediateDirectories: true)
    var other = earlier
    other.colours = [:]
    #expect(throws: (any Error).self) { try file.write(other) }
    #expect(throws: (any Error).self) { try file.checkFolder() }
    #expect(try file.read()?.bytes == earlier.bytes)
  }

  @Test func otherFilesAreRefused() throws {
    let folder = TemporaryFolder()
    let path = folder.path("map.wsmap")
    try Data("ply\n".utf8).write(to: URL(fileURLWithPath: path))
    #expect { try SavedMapFile(path).read() } throws: { "\($0)" == "no map of this program" }
    #expect(throws: (any Error).self) { try SavedMapFile(folder.url.path).read() }
  }
}
