import BusMessages
import Geometry
import FoxgloveSchemas
import MediaModel
import NIOCore
import ProtobufWire
import SessionEvents
import SessionModel
import Testing

@Suite struct SessionMessageDecoderTests {
  private static let start = WallTime(nanosSince1970: 1_700_000_000_000_000_000)

  private func decoded(
    _ topic: String, _ message: some ProtobufMessage, by decoder: inout SessionMessageDecoder
  ) throws -> SessionEvent? {
    var bytes = ByteBuffer()
    message.encode(to: &bytes)
    return try decoder.event(topic: topic, time: Self.start, data: bytes)
  }

  private func decoded(_ topic: String, _ message: some ProtobufMessage) throws -> SessionEvent? {
    var decoder = SessionMessageDecoder()
    return try decoded(topic, message, by: &decoder)
  }

  @Test func framesAreNumberedAndResultsNameThem() throws {
    var decoder = SessionMessageDecoder()
    let unit = ByteBuffer(bytes: [0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x65, 1])
    let event = try decoded(
      "/camera/video", Foxglove.CompressedVideo(timestamp: Self.start, frameID: "camera", data: [unit]), by: &decoder)
    guard case .video(let video)? = event else { return #expect(Bool(false)) }
    #expect(video.frame == 1 && video.isKeyFrame && video.data == [unit])
    let annotation = Foxglove.PointsAnnotation(
      timestamp: Self.start, shape: .lineLoop, points: [SIMD2(1, 2), SIMD2(3, 2), SIMD2(3, 4), SIMD2(1, 4)],
      outlineColor: Foxglove.Color(1, 0, 0), thickness: 2,
      metadata: [.init("id", "7"), .init("label", "car"), .init("score", "0.5")])
    let found = try decoded(
      "/camera/annotations", Foxglove.ImageAnnotations(timestamp: Self.start, points: [annotation]), by: &decoder)
    guard case .objects(let objects)? = found else { return #expect(Bool(false)) }
    #expect(objects.frame == 1)
    #expect(objects.objects == [TrackedObject(id: 7, label: "car", score: 0.5, box: SIMD4(1, 2, 3, 4))])
  }

  /// 1280×720, of x264; pictures behind a key frame are of its size.
  @Test func picturesHaveTheSizeOfTheirParameterSets() throws {
    var decoder = SessionMessageDecoder()
    let sps: [UInt8] = [
      0x67, 0x42, 0xC0, 0x1F, 0xDA, 0x01, 0x40, 0x16, 0xEC, 0x04, 0x40,
      0x00, 0x00, 0x03, 0x00, 0x40, 0x00, 0x00, 0x0F, 0x03, 0xC6, 0x0C, 0xA8,
    ]
    let units: [[UInt8]] = [
      [0, 0, 0, 1, 0x41, 1], [0, 0, 0, 1, 9, 0x10, 0, 0, 0, 1] + sps + [0, 0, 0, 1, 0x65, 1], [0, 0, 0, 1, 0x41, 1],
    ]
    var sizes: [Resolution] = []
    for unit in units {
      let message = Foxglove.CompressedVideo(
        timestamp: Self.start, frameID: "camera", data: [ByteBuffer(bytes: unit)])
      let event = try decoded("/camera/video", message, by: &decoder)
      if case .video(let video)? = event { sizes.append(video.resolution) }
    }
    let known = Resolution(width: 1_280, height: 720)
    #expect(sizes == [Resolution(width: 0, height: 0), known, known])
  }

  @Test func picturesWithoutParameterSetsAreNoKeyFrames() throws {
    let unit = ByteBuffer(bytes: [0, 0, 0, 1, 0x41, 1, 2, 3, 4, 5])
    let event = try decoded(
      "/camera/video", Foxglove.CompressedVideo(timestamp: Self.start, frameID: "", data: [unit]))
    guard case .video(let video)? = event else { return #expect(Bool(false)) }
    #expect(!video.isKeyFrame)
  }

  @Test func parameterSetsMayStandBehindAMessageOfTheEncoder() throws {
    let message: [UInt8] = [0, 0, 1, 6, 5] + [UInt8](repeating: 7, count: 700)
    let endings: [(rest: [UInt8], isKey: Bool)] = [
      ([0, 0, 1, 0x67, 1, 0, 0, 1, 0x65], true), ([0, 0, 1, 0x41, 0, 0, 1, 0x67], false),
    ]
    for (rest, isKey) in endings {
      let unit = ByteBuffer(bytes: message + rest)
      let event = try decoded(
        "/camera/video", Foxglove.CompressedVideo(timestamp: Self.start, frameID: "", data: [unit]))
      guard case .video(let video)? = event else { return #expect(Bool(false)) }
      #expect(video.isKeyFrame == isKey)
    }
  }

  @Test func motionComesBack() throws {
    let message = FoxgloveSchemas.IMUMessage(
      timestamp: Self.start, frameID: "imu", angularVelocity: SIMD3(1, 0, 3), linearAcceleration: SIMD3(0, 0, 9.81),
      magneticField: SIMD3(4, 5, 6), orientation: SIMD4(0, 0, 0, 1))
    guard case .motion(let motion)? = try decoded("/imu", message) else { return #expect(Bool(false)) }
    #expect(
      motion
        == SessionEvent.Motion(
          time: Self.start, accelerometer: SIMD3(0, 0, 9.81), gyroscope: SIMD3(1, 0, 3), magnetometer: SIMD3(4, 5, 6),
          orientation: SIMD4(0, 0, 0, 1)))
  }

  @Test func locationsComeBack() throws {
    let variance = (3 / 1.51) * (3 / 1.51)
    let message = Foxglove.LocationFix(
      timestamp: Self.start, frameID: "gps", latitudeDegrees: 48, longitudeDegrees: -11, altitudeMetres: 500,
      positionCovariance: [variance, 0, 0, 0, variance, 0, 0, 0, 9 * variance], covarianceType: .approximated,
      headingRadians: .pi / 2, velocity: SIMD3(3, 4, 0))
    guard case .location(let fix)? = try decoded("/gps", message) else { return #expect(Bool(false)) }
    #expect(fix.latitudeDegrees == 48 && fix.longitudeDegrees == -11 && fix.altitudeMetres == 500)
    #expect(fix.headingDegrees == 90 && fix.speedMPerSec == 5)
    #expect(abs((fix.accuracyMetres ?? 0) - 3) < 1e-12)
  }

  @Test func posesPointsAndLogsComeBack() throws {
    let pose = Foxglove.Pose(position: SIMD3(1, 2, 3), orientation: SIMD4(0, 0, 0.6, 0.8))
    let placed = try decoded(
      "/camera/pose", Foxglove.PoseInFrame(timestamp: Self.start, frameID: "world", pose: pose))
    guard case .pose(let camera)? = placed else { return #expect(Bool(false)) }
    #expect(camera.worldFromCamera.translation == SIMD3(1, 2, 3) && camera.frame == 0)
    #expect(abs(camera.worldFromCamera.rotation.quaternion.z - 0.6) < 1e-12)

    var data = ByteBuffer()
    for value: Float in [1, 2, 3] { data.writeInteger(value.bitPattern, endianness: .little) }
    data.writeBytes([10, 20, 30, 255])
    let cloud = Foxglove.PointCloud(
      timestamp: Self.start, frameID: "world", pointStride: 16, fields: Foxglove.PointCloud.colouredFields, data: data)
    guard case .points(_, let points)? = try decoded("/points", cloud) else { return #expect(Bool(false)) }
    #expect(points.points.map(\.position) == [SIMD3(1, 2, 3)] && points.points.map(\.colour) == [SIMD3(10, 20, 30)])

    let found = try decoded(
      "/log",
      Foxglove.Log(timestamp: Self.start, level: .info, message: "object 7: make: red car", name: "identification"))
    guard case .identification(let result)? = found else { return #expect(Bool(false)) }
    #expect(result.object == 7 && result.findings == "make: red car")
    let said = try decoded("/log", Foxglove.Log(timestamp: Self.start, level: .error, message: "full", name: "disk"))
    guard case .log(let log)? = said else { return #expect(Bool(false)) }
    #expect(log == SessionEvent.Log(time: Self.start, level: .error, text: "full", source: "disk"))
  }

  @Test func posesHaveTheMapAndTheUnitThatWereTold() throws {
    var decoder = SessionMessageDecoder()
    func pose(state: PoseStateMessage?) throws -> SessionEvent.Pose? {
      if let state { #expect(try decoded("/camera/pose_state", state, by: &decoder) == nil) }
      let pose = Foxglove.Pose(position: SIMD3(1, 2, 3), orientation: SIMD4(0, 0, 0, 1))
      let time = state?.timestamp ?? Self.start.advanced(by: .seconds(1))
      var bytes = ByteBuffer()
      Foxglove.PoseInFrame(timestamp: time, frameID: "world", pose: pose).encode(to: &bytes)
      guard case .pose(let found)? = try decoder.event(topic: "/camera/pose", time: time, data: bytes) else {
        return nil
      }
      return found
    }
    // Of a file without states.
    let plain = try #require(try pose(state: nil))
    #expect(plain.map == 0 && !plain.isMetric && !plain.isKeyFrame)
    let state = PoseStateMessage(timestamp: Self.start, frameID: "world", map: 4, isMetric: true, isKeyFrame: true)
    let told = try #require(try pose(state: state))
    #expect(told.map == 4 && told.isMetric && told.isKeyFrame)
    // Its state was lost: it is in the same map, and may be no key frame.
    let next = try #require(try pose(state: nil))
    #expect(next.map == 4 && next.isMetric && !next.isKeyFrame)
    let other = try #require(
      try pose(
        state: PoseStateMessage(timestamp: Self.start, frameID: "world", map: 5, isMetric: false, isKeyFrame: false)))
    #expect(other.map == 5 && !other.isMetric && !other.isKeyFrame)
  }

  @Test func aMessageThatIsCutIsRefusedOrShort() {
    var whole = ByteBuffer()
    FoxgloveSchemas.IMUMessage(
      timestamp: Self.start, frameID: "imu", angularVelocity: SIMD3(1, 2, 3), linearAcceleration: SIMD3(4, 5, 6)
    ).encode(to: &whole)
    var (refused, short) = (0, 0)
    for length in 0..<whole.readableBytes {
      var decoder = SessionMessageDecoder()
      do throws(ProtobufError) {
        let event = try decoder.event(topic: "/imu", time: Self.start, data: whole.getSlice(at: 0, length: length)!)
        if case .motion(let motion)? = event, motion.accelerometer == .zero { short += 1 }
      } catch { refused += 1 }
    }
    // Between two fields a message may end.
    #expect(refused + short == whole.readableBytes && refused > 50)
  }
}
