import Relay
import CodedMedia
import Clocks
import FFmpeg
import Foundation
import H264
import MediaModel
import NIOCore
import PhoneProtocol
import TestSupport
import Testing
import VideoConsumer
import WebSocketTransport

@Suite struct SourceTests {
  @Test func sourcesAreToldApart() throws {
    guard case .webSocket(let endpoint) = try VideoSource("ws://host:5001/ws/h264_stream?stream=front&token=secret")
    else {
      Issue.record("not a WebSocket")
      return
    }
    #expect(endpoint.port == 5001)
    #expect("\(try VideoSource("wss://host/ws/h264_stream?token=secret"))" == "wss://host/ws/h264_stream")
    #expect(try VideoSource("rtsp://user:pw@host:8554/drone") == .live(MediaLocation("rtsp://user:pw@host:8554/drone")))
    #expect("\(try VideoSource("rtsp://user:pw@host:8554/drone"))" == "rtsp://host:8554/drone")
    #expect(try VideoSource("/dev/null").isLive)
    let path = #filePath
    #expect(try VideoSource(path) == .file(path: path))
    #expect(try VideoSource("file://" + path) == .file(path: path))
  }

  @Test(arguments: [
    ("", "it is empty"), ("http://host/video", "pages are no video"), ("ftp://host/x", "unknown scheme 'ftp'"),
    ("-", "standard input"), ("rtsp://", "it names no host"), ("ws://", "no WebSocket address"),
    ("ws://host:99999/x", "no WebSocket address"), ("/nowhere/video.mp4", "there is no file '/nowhere/video.mp4'"),
  ])
  func whatCannotBeASourceSaysWhy(text: String, reason: String) {
    do {
      _ = try VideoSource(text)
      Issue.record("accepted")
    } catch {
      #expect("\(error)".contains(reason))
    }
  }

  @Test func packetsOfOurServerKeepCaptureTimes() throws {
    let units = try codedUnits(5)
    var reading = MessageReading(place: "test")
    var captured: [Int64] = []
    let (now, wall) = (HostTime(nanos: 1), WallTime(nanosSince1970: 9_999))
    func receive(_ packet: PhonePacket) throws {
      for case .delivery(let delivery) in try reading.receive(PhonePacketWriter.message(packet), at: now, wall: wall) {
        captured.append(delivery.unit.capturedAt.nanosSince1970)
      }
    }
    let sets = units[0].parameterSets
    try receive(PhonePacket(type: .sps, timestampMicros: 0, payload: sets.annexB))
    for unit in units {
      try receive(
        PhonePacket(
          type: unit.isKeyFrame ? .keyFrame : .frame, timestampMicros: unit.picture.senderMicros, payload: unit.bytes))
    }
    #expect(captured == units.map { $0.picture.senderMicros * 1000 })
    // A broken packet is reported and is not the end.
    let events = try reading.receive(ByteBuffer(bytes: [0, 0, 0, 9, 1]), at: now, wall: wall)
    #expect(events.count { if case .rejected = $0 { true } else { false } } == 1)
  }

  @Test(arguments: [1, 2, 7, 100, 1500, 1_000_000])
  func annexBOfOtherServersMayBeCutAnywhere(size: Int) throws {
    let units = try codedUnits(12, keyFrameEvery: 4)
    let stream = units.reduce(into: [UInt8]()) { $0 += Array($1.bytes.readableBytesView) }
    var reading = MessageReading(place: "test")
    var received: [[UInt8]] = []
    for start in stride(from: 0, to: stream.count, by: size) {
      let message = ByteBuffer(bytes: stream[start..<min(start + size, stream.count)])
      for case .delivery(let delivery) in try reading.receive(
        message, at: HostTime(nanos: Int64(start)), wall: WallTime(nanosSince1970: Int64(start) * 1000))
      {
        received.append(Array(delivery.unit.bytes.readableBytesView))
      }
    }
    // The last unit waits for what follows it.
    let expected = units.map { Array($0.bytes.readableBytesView) }
    #expect(received == Array(expected.prefix(received.count)))
    #expect(received.count >= (size >= stream.count ? 0 : 10))
  }

  @Test func noiseIsNotCollectedForEver() throws {
    var splitter = AnnexBSplitter()
    let noise = ByteBuffer(repeating: 0x55, count: 4_000_000)
    #expect(try splitter.append(noise) == nil)
    #expect(try splitter.append(noise) == nil)
    #expect(throws: SplitError.self) { try splitter.append(noise) }
  }

  @Test(.enabled(if: TestData.root != nil, "test data is absent: set WORLDSYSTEM_TEST_DATA"))
  func aRealFileWithBFramesIsConsumedWholeTwice() async throws {
    let path = try #require(TestData.url("videos/21_biker.mp4")?.path)
    var runs: [[Int64]] = []
    for _ in 0..<2 {
      let consumer = TimesConsumer()
      let runner = ConsumerRunner(source: try VideoSource(path), consumers: [consumer], logger: LogRecords().logger)
      try await runner.run()
      runs.append(consumer.times)
    }
    #expect(runs[0].count == 239)
    #expect(zip(runs[0], runs[0].dropFirst()).allSatisfy { $1 - $0 == 40_000_000 })
    #expect(runs[0] == runs[1])
  }

  @Test func otherCodecsAreRefusedByName() async throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "worldsystem-\(UUID()).mjpeg").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    // A JPEG image is a video of one frame for libavformat; here it only has to be recognised.
    try Data(Self.tinyJPEG).write(to: URL(filePath: path))
    let runner = ConsumerRunner(
      source: try VideoSource(path), consumers: [RecordingConsumer()], logger: LogRecords().logger)
    await #expect(throws: (any Error).self) { try await runner.run() }
  }

  private static let tinyJPEG: [UInt8] = [0xFF, 0xD8, 0xFF, 0xDB, 0, 4, 0, 1, 0xFF, 0xD9]
}
