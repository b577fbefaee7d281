import BusMessages
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

  @Test func timesAreThoseOfTheirFrames() {
    var clock = FrameClock()
    for number in 0..<600 { clock.add(Self.start.advanced(by: Nanoseconds(Int64(number) * 33_333_333))) }
    let known = Self.start.advanced(by: Nanoseconds(599 * 33_333_333))
    #expect(clock.time(known.secondsSince1970) == known)
    #expect(clock.time(-1) == nil)
    #expect(clock.time(.infinity) == nil)
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
