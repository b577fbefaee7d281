import BusMessages
import CodedMedia
import Geometry
import MediaModel
import NIOCore
import ProtobufWire
import SessionEvents
import SessionLog
import SessionModel
import Testing

/// Events become messages of a file, and the messages the same events again.
@Suite struct EventsComeBackTests {
  private static let start = SessionFixture.start

  private func comesBack(_ event: SessionEvent) throws -> SessionEvent {
    var messages = SessionMessages(stream: "drone")
    var decoder = SessionMessageDecoder()
    let events = try messages.messages(of: event).compactMap {
      try decoder.event(topic: $0.topic.name, time: $0.time, data: $0.message.encoded)
    }
    #expect(events.count == 1)
    return try #require(events.first)
  }

  @Test func objects() throws {
    let sent = SessionEvent.Objects(
      time: Self.start, frame: 0,
      objects: [
        TrackedObject(id: 7, label: "car", score: 0.8765, box: SIMD4(0.01, 2.3, 1919.99, 1079.5)),
        TrackedObject(id: -1, label: "", score: 0, box: SIMD4(-3, -4, 5, 6)),
      ])
    guard case .objects(let found) = try comesBack(.objects(sent)) else { return #expect(Bool(false)) }
    #expect(found == sent)
  }

  @Test(arguments: [(0, false, false), (3, true, false), (0, true, true), (-1, false, true)])
  func poses(map: Int, isMetric: Bool, isKeyFrame: Bool) throws {
    let sent = SessionEvent.Pose(
      time: Self.start, frame: 0,
      worldFromCamera: SE3(rotation: SO3(x: 0, y: 0.6, z: 0, w: 0.8), translation: SIMD3(1, -2, 0)), map: map,
      isMetric: isMetric, isKeyFrame: isKeyFrame)
    guard case .pose(let found) = try comesBack(.pose(sent)) else { return #expect(Bool(false)) }
    #expect(found.time == sent.time && found.worldFromCamera.translation == SIMD3(1, -2, 0))
    #expect(found.map == map && found.isMetric == isMetric && found.isKeyFrame == isKeyFrame)
    #expect(abs(found.worldFromCamera.rotation.quaternion.y - 0.6) < 1e-12)
  }

  /// Detection may be faster than the disk that the video waits for.
  @Test(arguments: [false, true], [false, true])
  func resultsInFrontOfTheirPictureAreOfIt(isPose: Bool, isExact: Bool) throws {
    var messages = SessionMessages(stream: "drone")
    var decoder = SessionMessageDecoder()
    var numbers: [Int] = []
    for number in 1...100 {
      // Who tells no exact time is right where captures are stamped in microseconds, as servers do.
      let unit = try SessionFixture.unit(number, isKey: number == 1, step: isExact ? 1 : 1_000)
      let timestamp = unit.capturedAt.secondsSince1970
      var result = try CameraPose(
        frameNumber: number, timestamp: timestamp,
        pose: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], isKeyframe: false, stream: "drone"
      ).message()
      if !isPose {
        let object = ProcessedFrame.Object(
          id: 3, label: "car", score: 1, box: [1, 2, 3, 4], area: 4, maskShape: [6, 4])
        result = try ProcessedFrame(
          frameNumber: number, timestamp: timestamp, objects: [object], stream: "drone"
        ).message()
      }
      if isExact { result.headers[BusHeader.capturedAt] = .text("\(unit.capturedAt.nanosSince1970)") }
      let found = messages.messages(of: result, at: Self.start)
      let shown = messages.message(of: unit)
      let picture = try #require(shown)
      #expect(found.allSatisfy { $0.time == picture.time })
      // Who reads a file takes a picture in front of what has its time.
      for message in [picture] + found {
        switch try decoder.event(topic: message.topic.name, time: message.time, data: message.message.encoded) {
        case .objects(let objects)?: numbers.append(objects.frame)
        case .pose(let pose)?: numbers.append(pose.frame)
        default: continue
        }
      }
    }
    #expect(numbers == Array(1...100))
  }

  @Test func readings() throws {
    let motion = SessionEvent.Motion(
      time: Self.start, accelerometer: SIMD3(0, 0.1, 9.81), gyroscope: SIMD3(1, 0, 3), magnetometer: SIMD3(0, 5, 6),
      orientation: SIMD4(0.6, 0, 0, 0.8))
    guard case .motion(let moved) = try comesBack(.motion(motion)) else { return #expect(Bool(false)) }
    #expect(moved == motion)
    let place = SessionEvent.Location(
      time: Self.start, latitudeDegrees: 47.5, longitudeDegrees: -8.5, altitudeMetres: 400, accuracyMetres: 3.02,
      headingDegrees: 90, speedMPerSec: 4)
    guard case .location(let fix) = try comesBack(.location(place)) else { return #expect(Bool(false)) }
    #expect(fix.latitudeDegrees == 47.5 && fix.longitudeDegrees == -8.5 && fix.altitudeMetres == 400)
    // Standard deviations, radians and components of the velocity lie between.
    for (number, wanted) in [(fix.accuracyMetres, 3.02), (fix.headingDegrees, 90), (fix.speedMPerSec, 4)] {
      #expect(abs((number ?? -1) - wanted) < 1e-9)
    }
  }

  @Test func places() throws {
    let sent = [
      SessionEvent.Place(
        object: 7, label: "car", position: SIMD3(1, -2, 0), deviation: SIMD3(0.5, 0.1, 2),
        halfSize: SIMD3(1, 1, 0.75), map: 2, seenAt: Self.start,
        earth: GeodeticPosition(latitudeDegrees: 47.123456789, longitudeDegrees: -8.5, altitudeMetres: 0),
        horizontalErrorMetres: 1.25, verticalErrorMetres: 3),
      SessionEvent.Place(object: 8, label: "", position: .zero),
    ]
    guard case .places(let found, let time) = try comesBack(.places(sent, Self.start)) else {
      return #expect(Bool(false))
    }
    #expect(found == sent && time == Self.start)
    guard case .places(let none, _) = try comesBack(.places([], Self.start)) else { return #expect(Bool(false)) }
    #expect(none.isEmpty)
  }

  @Test(
    arguments: [
      .none, .radialTangential(SIMD4(0.1, -0.2, 0, 0.001)), .fisheye(SIMD4(0.1, 0, 0.2, -0.3)),
    ] as [SessionEvent.Camera.Distortion])
  func cameras(distortion: SessionEvent.Camera.Distortion) throws {
    let sent = SessionEvent.Camera(
      time: Self.start, focalLength: SIMD2(800, 801), principalPoint: SIMD2(639.5, 359.5),
      resolution: Resolution(width: 1280, height: 720), distortion: distortion)
    guard case .camera(let found) = try comesBack(.camera(sent)) else { return #expect(Bool(false)) }
    #expect(found == sent)
  }

  @Test func pointsWordsAndVideo() throws {
    let cloud = PointCloud(points: [.init(position: SIMD3(1, -2, 0.5), colour: SIMD3(4, 5, 6))])
    guard case .points(_, let points) = try comesBack(.points(Self.start, cloud)) else { return #expect(Bool(false)) }
    #expect(points == cloud)
    let log = SessionEvent.Log(time: Self.start, level: .warning, text: "slow", source: "disk")
    guard case .log(let said) = try comesBack(.log(log)) else { return #expect(Bool(false)) }
    #expect(said == log)
    let result = SessionEvent.Identification(time: Self.start, object: 7, findings: "make: red: car")
    guard case .identification(let found) = try comesBack(.identification(result)) else {
      return #expect(Bool(false))
    }
    #expect(found == result)
    let unit = ByteBuffer(bytes: [0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x65, 1])
    let video = SessionEvent.Video(
      time: Self.start, frame: 1, isKeyFrame: true, data: [unit], resolution: Resolution(width: 640, height: 360))
    guard case .video(let shown) = try comesBack(.video(video)) else { return #expect(Bool(false)) }
    #expect(shown.data == [unit] && shown.isKeyFrame && shown.frame == 1)
  }
}
