import BusMessages
import CodedMedia
import FoxgloveSchemas
import MediaModel
import NIOCore
import SessionLog
import TestSupport
import Testing

struct SessionMessagesTests {
  private let now = WallTime(nanosSince1970: 1_800_000_000_000_000_000)

  @Test func aPoseIsATransformAPoseAndNowAndThenThePath() throws {
    var messages = SessionMessages(stream: "drone")
    let first = messages.messages(of: try SessionFixture.pose(0), at: now)
    #expect(first.map(\.topic) == [.poseState, .transform, .pose, .path])
    let transform = try #require(first[1].message as? Foxglove.FrameTransform)
    #expect(transform.parentFromChild.position == SIMD3(1, 2, 3))
    let turn = transform.parentFromChild.orientation
    #expect(abs(turn.z - 0.5.squareRoot()) < 1e-12 && abs(turn.w - 0.5.squareRoot()) < 1e-12)
    #expect(
      messages.messages(of: try SessionFixture.pose(1, x: 2), at: now).map(\.topic) == [.poseState, .transform, .pose])
    let later = messages.messages(of: try SessionFixture.pose(31, x: 3), at: now)
    let update = try #require(later.last?.message as? Foxglove.SceneUpdate)
    #expect(update.entities[0].lines[0].points.map(\.x) == [1, 2, 3])
    // Another map has nothing in common with the one before.
    let other = messages.messages(of: try SessionFixture.pose(90, x: 9, map: 1), at: now)
    #expect((other.last?.message as? Foxglove.SceneUpdate)?.entities[0].lines[0].points.map(\.x) == [9])
    // Nor have metres with the unit of before.
    let metric = messages.messages(of: try SessionFixture.pose(120, x: 4, map: 1, scale: .trustworthy), at: now)
    #expect((metric.last?.message as? Foxglove.SceneUpdate)?.entities[0].lines[0].points.map(\.x) == [4])
  }

  @Test func aLongPathKeepsItsEndsAndABoundedLength() throws {
    var messages = SessionMessages(stream: "drone")
    var last: Foxglove.SceneUpdate?
    for number in 0..<10_000 {
      for message in messages.messages(of: try SessionFixture.pose(number, x: Double(number)), at: now) {
        if let update = message.message as? Foxglove.SceneUpdate { last = update }
      }
    }
    let points = try #require(last?.entities.first?.lines.first?.points)
    #expect((1_000...2_048).contains(points.count) && points.first?.x == 0)
    #expect(try #require(points.last?.x) > 9_900)
    #expect(zip(points, points.dropFirst()).allSatisfy { $0.x < $1.x })
  }

  @Test func whatIsOfAnotherStreamIsLeftOut() throws {
    var messages = SessionMessages(stream: "drone")
    #expect(messages.messages(of: try SessionFixture.pose(0, stream: "other"), at: now).isEmpty)
    #expect(messages.messages(of: try SessionFixture.pose(0, stream: nil), at: now).count == 4)
    #expect(messages.messages(of: SessionFixture.imu(SessionFixture.imuJSON, stream: "other"), at: now).isEmpty)
  }

  @Test func aSampleIsMotionAndAPlace() throws {
    var messages = SessionMessages(stream: "drone")
    let found = messages.messages(of: SessionFixture.imu(SessionFixture.imuJSON), at: now)
    #expect(found.map(\.topic) == [.imu, .location] && found.allSatisfy { $0.time == SessionFixture.start })
    let imu = try #require(found[0].message as? IMUMessage)
    #expect(imu.angularVelocity == SIMD3(0.1, 0.2, 0.3) && imu.linearAcceleration == SIMD3(0, 0, 9.81))
    #expect(imu.orientation == SIMD4(0.6, 0, 0, 0.8) && imu.magneticField == nil)
    let fix = try #require(found[1].message as? Foxglove.LocationFix)
    #expect(fix.latitudeDegrees == 47.5 && fix.longitudeDegrees == 8.5 && fix.altitudeMetres == 400)
    #expect(abs(try #require(fix.headingRadians) - .pi / 2) < 1e-12)
    #expect(fix.covarianceType == .approximated && abs(fix.positionCovariance[0] - 4) < 1e-12)
  }

  @Test func aResultHasExactlyTheTimeOfItsFrame() throws {
    var messages = SessionMessages(stream: "drone")
    let unit = try SessionFixture.unit(7, isKey: true)
    #expect(messages.message(of: unit)?.time == unit.capturedAt)
    let frame = ProcessedFrame(
      frameNumber: 7, timestamp: unit.capturedAt.secondsSince1970,
      objects: [
        .init(id: 3, label: "person", score: 0.9, box: [1, 2, 11, 22], area: 0, maskShape: []),
        .init(id: 4, label: "broken", score: 0.9, box: [1, 2], area: 0, maskShape: []),
      ], stream: "drone")
    let found = messages.messages(of: try frame.message(), at: now)
    #expect(found.map(\.time) == [unit.capturedAt])
    let annotations = try #require(found.first?.message as? Foxglove.ImageAnnotations)
    #expect(annotations.timestamp == unit.capturedAt)
    #expect(annotations.points.map(\.points) == [[SIMD2(1, 2), SIMD2(11, 2), SIMD2(11, 22), SIMD2(1, 22)]])
    #expect(annotations.texts.map(\.text) == ["person 3"])
  }

  @Test(arguments: [false, true])
  func pointsKeepPlaceAndColour(hasConfidence: Bool) throws {
    var messages = SessionMessages(stream: "drone")
    let cloud = PointCloud(
      points: [
        .init(position: SIMD3(1, 2, 3), colour: SIMD3(4, 5, 6)),
        .init(position: SIMD3(-1, 0, 0.5), colour: SIMD3(7, 8, 9)),
      ], hasConfidence: hasConfidence)
    let found = messages.messages(of: cloud.message(), at: now)
    let written = try #require(found.first?.message as? Foxglove.PointCloud)
    #expect(found.map(\.time) == [now] && written.pointStride == 16 && written.data.readableBytes == 32)
    #expect(written.data.getInteger(at: 16, endianness: .little) == Float(-1).bitPattern)
    #expect(written.data.getBytes(at: 28, length: 4) == [7, 8, 9, 255])
  }

  @Test func whatComesAndGoesIsALineOfTheLog() throws {
    var messages = SessionMessages(stream: "drone")
    var event = LifecycleEvent(type: .consumerJoined, timestamp: 1_700_000_000, id: "1", node: "here")
    event.stream = "drone"
    event.peer = "127.0.0.1:5"
    let line = messages.messages(of: try event.message(), at: now).first?.message as? Foxglove.Log
    #expect(line?.message == "consumer_joined drone 127.0.0.1:5" && line?.level == .info && line?.name == "here")
    let result = IdentificationResult(objectID: 3, timestamp: 1_700_000_000, results: ["b": "2", "a": "1"])
    let found = messages.messages(of: try result.message(), at: now).first?.message as? Foxglove.Log
    #expect(found?.message == "object 3: a: 1; b: 2")
  }

  @Test func objectsOfTheWorldAreAScene() throws {
    var messages = SessionMessages(stream: "drone")
    let list = WorldObjects(stream: "drone", objects: (1...300).map { SessionFixture.object($0) })
    let found = messages.messages(of: try list.message(), at: now)
    #expect(found.map(\.topic) == [.objects] && found.map(\.time) == [now])
    let update = try #require(found.first?.message as? Foxglove.SceneUpdate)
    // Nothing of the scene before stays.
    #expect(update.deletions.map(\.kind) == [.all] && update.entities.count == 256)
    let first = try #require(update.entities.first)
    #expect(first.frameID == "world" && first.texts.map(\.text) == ["car 1"])
    #expect(first.cubes.map(\.size) == [SIMD3(4, 4, 1.5)] && first.cubes.map(\.pose.position) == [SIMD3(1, 2, 0.75)])
    let other = WorldObjects(stream: "other", objects: [])
    #expect(messages.messages(of: try other.message(), at: now).isEmpty)
    let none = WorldObjects(stream: "drone", objects: [])
    let last = messages.messages(of: try none.message(), at: now).first?.message as? Foxglove.SceneUpdate
    #expect(last?.entities.isEmpty == true && last?.deletions.count == 1)
  }

  @Test func damagedMessagesNeverTrap() throws {
    var messages = SessionMessages(stream: "drone")
    let cloud = PointCloud(points: [.init(position: SIMD3(1, 2, 3), colour: SIMD3(4, 5, 6))])
    var became = 0
    let seeds = [
      cloud.message(), try SessionFixture.pose(0), SessionFixture.imu(SessionFixture.imuJSON),
      try WorldObjects(stream: "drone", objects: [SessionFixture.object(1)]).message(),
    ]
    for seed in seeds {
      Mutation.forEach(of: [seed.body], count: 1_000) { body in
        var damaged = seed
        damaged.body = body
        became += messages.messages(of: damaged, at: now).count
      }
    }
    #expect(became > 0)
  }
}
