import BusMessages
import Geometry
import MediaModel
import NIOCore
import SessionEvents
import TestSupport
import Testing

@Suite struct SessionEventReaderTests {
  private static let start = WallTime(nanosSince1970: 1_700_000_000_123_456_789)

  private func events(_ message: BusMessage) -> [SessionEvent] {
    var reader = SessionEventReader(stream: "drone")
    return reader.events(of: message, at: Self.start)
  }

  private func frame(mask: ProcessedFrame.Mask?, box: [Double] = [1, 2, 3, 4], stream: String? = "drone")
    -> ProcessedFrame
  {
    ProcessedFrame(
      frameNumber: 7, timestamp: Self.start.secondsSince1970,
      objects: [
        ProcessedFrame.Object(
          id: 5, label: "car", score: 0.5, box: box, area: 4, maskShape: [6, 4], mask: mask, sighting: "carried")
      ], stream: stream)
  }

  @Test func objectsKeepTheirMasks() throws {
    let mask = RunLengthMask(resolution: Resolution(width: 4, height: 6), columns: 1..<3, rows: 2..<4) { _, _ in true }
    let body = frame(mask: ProcessedFrame.Mask(size: [6, 4], counts: mask.counts))
    guard case .objects(let found)? = events(try body.message()).first else { return #expect(Bool(false)) }
    #expect(found.frame == 7)
    #expect(
      found.objects == [
        TrackedObject(id: 5, label: "car", score: 0.5, box: SIMD4(1, 2, 3, 4), mask: mask, sighting: .carried)
      ])
    #expect(abs(found.time.since(Self.start).value) < 1_000)
  }

  @Test(arguments: [[6], [6, -4], [6, 4, 1], [100_000, 100_000], [6, 5]]) func masksThatAreNoneAreLeftOut(
    size: [Int]
  ) throws {
    let mask = RunLengthMask(resolution: Resolution(width: 4, height: 6), columns: 1..<3, rows: 2..<4) { _, _ in true }
    let body = frame(mask: ProcessedFrame.Mask(size: size, counts: mask.counts))
    guard case .objects(let found)? = events(try body.message()).first else { return #expect(Bool(false)) }
    #expect(found.objects.count == 1)
    #expect(found.objects.first?.mask == nil)
  }

  @Test func boxesThatAreNoneAreLeftOut() throws {
    guard case .objects(let found)? = events(try frame(mask: nil, box: [1, 2]).message()).first else {
      return #expect(Bool(false))
    }
    #expect(found.objects.isEmpty)
  }

  @Test func otherStreamsAreLeftOut() throws {
    #expect(events(try frame(mask: nil, stream: "phone").message()).isEmpty)
    #expect(events(try frame(mask: nil, stream: nil).message()).count == 1)
  }

  @Test func timesAreThoseOfTheirFrames() throws {
    var clock = FrameClock()
    for number in 0..<600 { clock.add(Self.start.advanced(by: Nanoseconds(Int64(number) * 33_333_333))) }
    let known = Self.start.advanced(by: Nanoseconds(599 * 33_333_333))
    #expect(clock.time(known.secondsSince1970) == known)
    #expect(clock.time(-1) == nil)
    #expect(clock.time(.infinity) == nil)
    // Before its frame, a result has the time that its sender tells exactly.
    let next = known.advanced(by: Nanoseconds(33_333_333))
    let rounded = try #require(clock.time(next.secondsSince1970))
    #expect(rounded != next && abs(rounded.since(next).value) <= 620)
    #expect(clock.time(next.secondsSince1970, exact: next) == next)
    for other in [known.nanosSince1970, 0, .min, .max] {
      #expect(clock.time(next.secondsSince1970, exact: WallTime(nanosSince1970: other)) == rounded)
    }
    // Servers stamp captures in microseconds.
    for micros in (next.nanosSince1970 / 1_000)..<(next.nanosSince1970 / 1_000 + 1_000) {
      let time = WallTime(nanosSince1970: micros * 1_000)
      #expect(clock.time(time.secondsSince1970) == time)
    }
    // The first are forgotten, and stand as they came.
    #expect(clock.time(1_700_000_000)?.nanosSince1970 == 1_700_000_000_000_000_000)
  }

  @Test func motionAndPlaceComeFromOneMessage() throws {
    let json = """
      {"type":"imu_data","timestamp":5,"accelerometer":{"x":0,"y":0,"z":9.81},"gyroscope":{"x":0.1,"y":0.2,"z":0.3},\
      "attitude":{"w":0.8,"x":0.6,"y":0,"z":0},"gps":{"latitude":47.5,"longitude":8.5,"accuracy":-1}}
      """
    let found = events(
      BusMessage(
        topic: .imuData, body: ByteBuffer(string: json), contentType: BusMessage.json,
        headers: [BusHeader.stream: .text("drone"), BusHeader.capturedAt: .text("\(Self.start.nanosSince1970)")]))
    guard found.count == 2, case .motion(let motion) = found[0], case .location(let location) = found[1] else {
      return #expect(Bool(false))
    }
    #expect(motion.time == Self.start)
    #expect(motion.orientation == SIMD4(0.6, 0, 0, 0.8))
    #expect(location.latitudeDegrees == 47.5)
    #expect(location.accuracyMetres == nil)
  }

  @Test func objectsOfTheWorldHaveSizesAndErrors() throws {
    var object = WorldObjects.Object(
      id: 7, label: "car", trackIDs: [1], position: [1, 2, 3], covariance: [1, 0, 0, 0, 1, 0, 0, 0, 1],
      method: "depth", metric: true, wgs84: .init(latitude: 47.5, longitude: 8.5, altitude: 400), velocity: [0, 0, 0],
      firstSeen: 1_700_000_000, lastSeen: 1_700_000_001.5, observations: 9, size: [4, 1],
      // Along one diagonal 4 m², across it 2.
      covarianceENU: [3, 1, 0, 1, 3, 0, 0, 0, 9], map: 2)
    var message = try WorldObjects(stream: "drone", objects: [object]).message()
    message.headers[BusHeader.capturedAt] = .text("5")
    guard case .places(let places, let time)? = events(message).first else { return #expect(Bool(false)) }
    let place = try #require(places.first)
    #expect(time.nanosSince1970 == 5 && place.object == 7 && place.map == 2 && place.position == SIMD3(1, 2, 3))
    #expect(place.deviation == SIMD3(repeating: 1))
    #expect(place.halfSize == SIMD3(2, 2, 0.5) && place.seenAt?.nanosSince1970 == 1_700_000_001_500_000_000)
    #expect(place.earth?.latitudeDegrees == 47.5 && place.verticalErrorMetres == 3)
    #expect(abs((place.horizontalErrorMetres ?? 0) - 1.51 * 2) < 1e-9)
    // Without metres, the axes are those of a camera.
    object.metric = false
    #expect(SessionEvent.Place(object)?.halfSize == SIMD3(2, 0.5, 2))
    object.position = [1, 2]
    #expect(SessionEvent.Place(object) == nil)
  }

  @Test func theCameraIsToldWhenItIsNews() throws {
    var reader = SessionEventReader(stream: "drone")
    func told(_ lens: CameraPose.Lens?, hasPose: Bool = true) throws -> [SessionEvent] {
      var pose = CameraPose(
        frameNumber: 1, timestamp: Self.start.secondsSince1970,
        pose: hasPose ? [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]] : nil, isKeyframe: true,
        stream: "drone")
      pose.camera = lens
      return reader.events(of: try pose.message(), at: Self.start)
    }
    var lens = CameraPose.Lens(
      model: "pinhole-radtan", focalLength: SIMD2(800, 801), principalPoint: SIMD2(639.5, 359.5),
      distortion: [0, 0, 0, 0], width: 1280, height: 720)
    #expect(try told(nil).count == 1)
    guard case .camera(let camera)? = try told(lens).first else { return #expect(Bool(false)) }
    #expect(camera.focalLength == SIMD2(800, 801) && camera.distortion == .none)
    #expect(try told(lens).count == 1)
    (lens.model, lens.distortion) = ("fisheye", [1, 2, 3, 4])
    guard case .camera(let fisheye)? = try told(lens, hasPose: false).first else { return #expect(Bool(false)) }
    #expect(fisheye.distortion == .fisheye(SIMD4(1, 2, 3, 4)))
    lens.fx = -1
    #expect(try told(lens).count == 1)
  }

  @Test(arguments: [true, false]) func pointsComeBackFromTheirFile(hasConfidence: Bool) throws {
    let cloud = PointCloud(
      points: [
        PointCloud.Point(position: SIMD3(1, -2, 0.5), colour: SIMD3(1, 2, 255), confidence: hasConfidence ? 0.25 : 1)
      ], hasConfidence: hasConfidence)
    #expect(PointCloud(ply: cloud.ply()) == cloud)
    let file = cloud.ply()
    let cut = try #require(file.getSlice(at: file.readerIndex, length: file.readableBytes - 1))
    #expect(PointCloud(ply: cut) == nil)
    #expect(PointCloud(ply: ByteBuffer(string: "ply\nend_header\n")) == nil)
  }

  @Test func pathsStayShort() {
    var path = ThinnedPath<Int>(limit: 8, interval: .seconds(1))
    let sent = (0..<100).filter { path.add($0, at: Self.start.advanced(by: .milliseconds(Int64($0) * 100))) }
    #expect(sent.count == 10)
    #expect(path.points.count <= 8)
    #expect(path.points.first == 0)
    #expect(path.points == path.points.sorted())
  }
}
