import MediaModel
import NIOCore
import ProtobufWire
import RerunLog
import SessionEvents
import TestSupport
import Testing

@Suite struct RerunMappingTests {
  /// IntegrationTests/test_rerun.py has Rerun itself verify the same file.
  @Test func fileHasTheBytesThatRerunVerifies() {
    let file = RerunFixture.file(of: RerunFixture.messages(layout: nil), isWhole: false)
    #expect(Golden.difference(between: Hexadecimal.lines(of: file), and: "session.hex") == nil)
  }

  @Test func wholeFileHasTheBytesThatRerunVerifies() {
    let file = RerunFixture.file(of: RerunFixture.joinedMessages)
    #expect(Golden.difference(between: Hexadecimal.lines(of: file), and: "whole.hex") == nil)
  }

  @Test func layoutHasTheBytesThatRerunVerifies() throws {
    var mapping = RerunFixture.mapping()
    let messages = mapping.begin()
    // Behind the recording's own.
    let first = try #require(messages.lastIndex { $0.kind == .storeInfo })
    let file = RerunFixture.file(of: Array(messages[first...]), isWhole: false)
    #expect(Golden.difference(between: Hexadecimal.lines(of: file), and: "layout.hex") == nil)
  }

  @Test func entitiesAreThoseThatLayoutsName() throws {
    let entities = Set(RerunFixture.messages().compactMap(\.entity))
    let expected = [
      "/__properties", "/frame", "/frame/objects", "/masks/object_3", "/frame_number", "/api_results/object_3", "/log",
      "/world", "/world/camera", "/world/trajectory", "/world/points", "/world/objects", "/world/objects/extent",
      "/telemetry/accelerometer", "/telemetry/gyroscope", "/telemetry/gps", "/telemetry/gps/track",
    ]
    #expect(entities.isSuperset(of: expected))
  }

  @Test func storesAreNamedBeforeTheirChunks() {
    let kinds = RerunFixture.messages().map(\.kind)
    #expect(kinds.first == .storeInfo)
    #expect(kinds.count { $0 == .storeInfo } == 2)
    #expect(kinds.count { $0 == .blueprintActivation } == 1)
    var mapping = RerunFixture.mapping(layout: nil)
    #expect(mapping.begin().count { $0.kind == .storeInfo } == 1)
  }

  @Test func motionIsSentInChunksOfATenthOfASecond() throws {
    var mapping = RerunFixture.mapping()
    var sent: [RerunMessage] = []
    // 200 readings a second for a second.
    for number in 0..<200 { sent += mapping.messages(of: RerunFixture.motion(Int64(number) * 5_000_000)) }
    let entities = sent.compactMap(\.entity)
    #expect(entities.count { $0 == "/telemetry/accelerometer" } == 9)
    #expect(!entities.contains("/telemetry/magnetometer"))
    #expect(mapping.flush().count == 2)
    #expect(mapping.flush().isEmpty)
  }

  @Test func rowsOfAFileWaitForEachOther() throws {
    var mapping = RerunFixture.mapping(joinsRows: true)
    let first = mapping.messages(of: RerunFixture.pose(0, x: 0))
    #expect(first.isEmpty)
    // 30 a second for 9 s, then one that is 10 s behind the first.
    let waiting = (1..<270).flatMap { mapping.messages(of: RerunFixture.pose($0, x: Double($0))) }
    #expect(waiting.map(\.entity) == [])
    let full = mapping.messages(of: RerunFixture.pose(301, x: 1))
    #expect(full.map(\.entity) == ["/world/camera", "/world/trajectory"])
    #expect(mapping.flush().map(\.entity) == ["/world", "/world/camera", "/world/trajectory"])
    #expect(mapping.flush().isEmpty)
  }

  @Test func rowsWaitUpToABoundOfBytes() {
    var mapping = RerunFixture.mapping(joinsRows: true)
    func large(_ frame: Int, bytes: Int) -> SessionEvent {
      .video(
        SessionEvent.Video(
          time: RerunFixture.time(frame), frame: frame, isKeyFrame: false,
          data: [ByteBuffer(repeating: 1, count: bytes)], resolution: RerunFixture.resolution))
    }
    let sent = (0..<30).map { mapping.messages(of: large($0, bytes: 100_000)).count }
    // Five in 512 KiB.
    #expect(sent == (0..<30).map { $0 > 0 && $0 % 5 == 0 ? 1 : 0 })
    #expect(mapping.messages(of: large(30, bytes: 600_000)).count == 1)
  }

  @Test func masksThatAreGoneAreCleared() throws {
    var mapping = RerunFixture.mapping()
    let first = mapping.messages(of: RerunFixture.objects(0)).map(\.entity)
    let second = mapping.messages(of: RerunFixture.objects(1, masked: false)).map(\.entity)
    let third = mapping.messages(of: RerunFixture.objects(2, masked: false)).map(\.entity)
    #expect(first.last == "/masks/object_3")
    #expect(second.last == "/masks/object_3")
    #expect(!third.contains("/masks/object_3"))
  }

  @Test func trajectoryIsSentOnceASecond() throws {
    var mapping = RerunFixture.mapping()
    let sent = (0..<90).flatMap {
      mapping.messages(of: RerunFixture.pose($0, x: Double($0))).map(\.entity)
    }
    #expect(sent.count { $0 == "/world/trajectory" } == 3)
    #expect(sent.count { $0 == "/world/camera" } == 90)
    #expect(sent.count { $0 == "/world" } == 1)
    // In the unit of the map it begins anew, and is sent at once.
    let metric = mapping.messages(of: RerunFixture.pose(90, x: 5, isMetric: false)).map(\.entity)
    #expect(metric == ["/world", "/world/camera", "/world/trajectory"])
  }

  @Test func cameraIsSentForEachSizeOfThePicture() throws {
    var mapping = RerunFixture.mapping()
    let first = mapping.messages(of: RerunFixture.video(0)).map(\.entity)
    let second = mapping.messages(of: RerunFixture.video(1)).map(\.entity)
    _ = mapping.begin()
    let third = mapping.messages(of: RerunFixture.video(2)).map(\.entity)
    #expect(first == ["/world/camera", "/frame"])
    #expect(second == ["/frame"])
    #expect(third == first)
  }

  @Test func cameraOfPicturesOfUnknownSizeIsNotSent() {
    var mapping = RerunFixture.mapping()
    let unknown = SessionEvent.Video(
      time: RerunFixture.start, frame: 0, isKeyFrame: true, data: [ByteBuffer(bytes: [0, 0, 1, 0x65, 0])],
      resolution: Resolution(width: 0, height: 0))
    #expect(mapping.messages(of: .video(unknown)).map(\.entity) == ["/frame"])
    #expect(mapping.messages(of: RerunFixture.video(1)).map(\.entity) == ["/world/camera", "/frame"])
  }

  @Test func requestWrapsTheMessage() throws {
    let message = try #require(RerunFixture.messages().last)
    let request = try ProtobufReader.fields(of: message.request)
    let wrapper = try #require(request.first?.bytes)
    let inner = try ProtobufReader.fields(of: wrapper)
    #expect(request.count == 1 && request.first?.number == 1)
    #expect(inner.map(\.number) == [2])
    #expect(inner.first?.bytes == message.body)
  }

  @Test func compressedChunksSayTheSizeOfBoth() throws {
    var mapping = RerunMapping(
      store: RerunFixture.store, name: "", start: RerunFixture.start, layout: nil,
      compress: { _ in ByteBuffer(string: "small") })
    let chunk = try #require(mapping.begin().last)
    let fields = try ProtobufReader.fields(of: chunk.body)
    #expect(fields.first { $0.number == 2 }?.integer == 2)
    #expect(fields.first { $0.number == 3 }?.integer ?? 0 > 1_000)
    #expect(fields.first { $0.number == 5 }?.bytes == ByteBuffer(string: "small"))
  }
}
