import BusMessages
import Foundation
import Logging
import MessageBus
import NIOCore
import ObjectMapService
import TestSupport
import Testing

/// Messages of SLAM and detection in, objects out.
@Suite struct ObjectMapServiceTests {
  private static let start: Int64 = 1_700_000_000_000_000_000

  private static func headers(_ nanos: Int64) -> [String: BusHeaderValue] {
    [BusHeader.stream: .text("drone"), BusHeader.capturedAt: .text("\(nanos)")]
  }

  private static let camera = CameraPose.Lens(
    model: "pinhole-radtan", focalLength: SIMD2(800, 800), principalPoint: SIMD2(639.5, 359.5),
    distortion: [0, 0, 0, 0], width: 1280, height: 720)

  /// A camera that looks straight down from 30 m and flies east: x right is east, y down is south.
  private static func pose(_ index: Int, _ nanos: Int64, map: Int = 0) throws -> BusMessage {
    let east = Double(index) * 0.4 - 10
    var pose = CameraPose(
      frameNumber: index + 1, timestamp: Double(nanos) / 1e9,
      pose: [[1, 0, 0, east], [0, -1, 0, 0], [0, 0, -1, 30], [0, 0, 0, 1]], isKeyframe: index % 10 == 0,
      stream: "drone")
    (pose.map, pose.scale, pose.state) = (map, .trustworthy, .tracking)
    if pose.isKeyframe {
      pose.camera = camera
      pose.earth = .init(
        origin: .init(latitude: 50, longitude: 8, altitude: 100),
        enuFromWorld: .init(scale: 1, rotation: [0, 0, 0, 1], translation: [0, 0, 0]), deviation: 1,
        headingDeviation: 0.01)
    }
    return try pose.message(headers: headers(nanos))
  }

  /// A car at (2, 3, 0) as this camera shows it.
  private static func objects(_ index: Int, _ nanos: Int64) throws -> BusMessage {
    let east = Double(index) * 0.4 - 10
    let (x, y) = (639.5 + 800 * (2 - east) / 30, 359.5 - 800 * 3 / 30.0)
    let object = ProcessedFrame.Object(
      id: 4, label: "car", score: 0.9, box: [x - 59.5, y - 29.5, x + 60.5, y + 30.5], area: 7_200,
      maskShape: [720, 1280])
    let frame = ProcessedFrame(
      frameNumber: index + 1, timestamp: Double(nanos) / 1e9, objects: [object], stream: "drone")
    return try frame.message(headers: headers(nanos))
  }

  private static func service(_ bus: InProcessBus, file: String? = nil) -> ObjectMapService {
    ObjectMapService(
      options: .init(file: file), bus: bus, metrics: ObjectMapMetrics(), logger: Logger(label: "test"))
  }

  @Test func resultsThatComeOutOfOrderMakeAnObject() async throws {
    let bus = InProcessBus()
    let folder = TemporaryFolder()
    let service = Self.service(bus, file: folder.path("objects.json"))
    let viewer = bus.subscribe(SubscriptionRequest([.worldObjects]))
    for index in 0..<50 {
      // Poses of every other frame, and half a second late.
      let nanos = Self.start + Int64(index) * 100_000_000
      service.take(try Self.objects(index, nanos))
      if index >= 5, index % 2 == 1 { service.take(try Self.pose(index - 5, nanos - 500_000_000)) }
    }
    let list = try #require(service.lists.first)
    let object = try #require(list.objects.first)
    #expect(list.stream == "drone" && list.objects.count == 1)
    #expect(object.id == 1 && object.trackIDs == [4] && object.label == "car" && object.metric && object.map == 0)
    #expect(object.method == "triangulation" && object.velocity == [0, 0, 0])
    let error = zip(object.position, [2.0, 3, 0]).map { abs($0 - $1) }.max() ?? 1
    #expect(error < 0.05)
    let place = try #require(object.wgs84)
    // 3 m are 27 millionths of a degree of latitude.
    #expect(abs(place.latitude - 50.000027) < 1e-6 && abs(place.longitude - 8.000028) < 1e-6)
    service.finish()
    let file = try String(contentsOfFile: folder.path("objects.json"), encoding: .utf8)
    #expect(file.hasPrefix(#"{"streams":[{"objects":[{"covariance":["#) && file.contains(#""track_ids":[4]"#))
    let told = try #require(await viewer.next())
    let body = try WorldObjects(told.message.body)
    #expect(body.stream == "drone" && body.objects.first?.map == 0 && body.map == 0)
  }

  @Test(.timeLimit(.minutes(1)))
  func anEmptyListTellsItsMap() async throws {
    let bus = InProcessBus()
    let service = Self.service(bus)
    let viewer = bus.subscribe(SubscriptionRequest([.worldObjects]))
    for index in 0..<80 {
      let nanos = Self.start + Int64(index) * 100_000_000
      service.take(try Self.pose(index, nanos, map: index < 50 ? 0 : 1))
      if index < 50 { service.take(try Self.objects(index, nanos)) }
    }
    var bodies: [WorldObjects] = []
    while bodies.last?.map != 1 { bodies.append(try WorldObjects(try #require(await viewer.next()).message.body)) }
    #expect(bodies.count > 1 && bodies.dropLast().allSatisfy { $0.map == 0 && $0.objects.count == 1 })
    #expect(bodies.last?.objects.isEmpty == true)
  }

  /// What SLAM says in six seconds; its scale is known after three, and each key frame's map comes two poses later.
  private static func slam() throws -> [BusMessage] {
    let ground = (0..<400).map { index in
      PointCloud.Point(
        position: SIMD3(Float(index % 20) - 10, Float(index / 20) - 10, 0), colour: .zero)
    }
    var messages: [BusMessage] = []
    for index in 0..<60 {
      let nanos = start + Int64(index) * 100_000_000
      var pose = try CameraPose(try pose(index, nanos).body)
      pose.scale = index < 30 ? .unknown : .trustworthy
      messages.append(try pose.message(headers: headers(nanos)))
      guard index % 10 == 2 else { continue }
      let cloud = PointCloud(points: Array(ground.prefix(100 + 5 * index)))
      messages.append(cloud.message(headers: headers(nanos - 200_000_000)))
    }
    return messages
  }

  /// SLAM and detection are up to 1.5 s apart; what is said of the objects is the same.
  @Test func whoIsFasterMakesNoDifference() async throws {
    let slam = try Self.slam()
    var outcomes: Set<[String]> = []
    for seed in 0..<8 {
      var random = SeededGenerator(seed: UInt64(seed))
      let (bus, folder) = (InProcessBus(), TemporaryFolder())
      let service = Self.service(bus, file: folder.path("objects.json"))
      let viewer = bus.subscribe(SubscriptionRequest([.worldObjects]))
      var (said, frame) = (0, 0)
      while said < slam.count || frame < 60 {
        let lead = said - frame
        let isSLAM = frame >= 60 || said < slam.count && lead < 15 && (lead < -10 || Bool.random(using: &random))
        if isSLAM {
          service.take(slam[said])
          said += 1
        } else {
          service.take(try Self.objects(frame, Self.start + Int64(frame) * 100_000_000))
          frame += 1
        }
      }
      service.finish()
      bus.publish(try WorldObjects(stream: "end", objects: []).message(headers: [:]))
      var outcome = [try String(contentsOfFile: folder.path("objects.json"), encoding: .utf8)]
      while let told = await viewer.next(), try WorldObjects(told.message.body).stream != "end" {
        outcome.append(String(buffer: told.message.body))
      }
      // The file, and the lists of three seconds.
      #expect(outcome.count == 4)
      outcomes.insert(outcome)
    }
    #expect(outcomes.count == 1)
  }

  @Test func geoJSONHasThePlacesOnEarth() throws {
    let service = Self.service(InProcessBus())
    for index in 0..<50 {
      let nanos = Self.start + Int64(index) * 100_000_000
      service.take(try Self.pose(index, nanos))
      service.take(try Self.objects(index, nanos))
    }
    let text = String(decoding: ObjectList.bytes(of: service.lists, .geojson), as: UTF8.self)
    #expect(text.hasPrefix(#"{"features":[{"geometry":{"coordinates":[8.0000"#))
    #expect(text.contains(#""type":"FeatureCollection""#) && text.contains(#""covariance_enu":["#))
  }

  @Test func whatIsMalformedOrOfManyStreamsIsLeftAlone() throws {
    let service = Self.service(InProcessBus())
    for topic in [Topic.slamResults, .processedFrames, .pointClouds] {
      service.take(
        BusMessage(
          topic: topic, body: ByteBuffer(string: "{nonsense"), contentType: "x", headers: Self.headers(Self.start)))
    }
    for stream in 0..<20 {
      var message = try Self.pose(0, Self.start)
      message.headers[BusHeader.stream] = .text("s\(stream)")
      service.take(message)
    }
    #expect(service.lists.isEmpty)
  }
}
