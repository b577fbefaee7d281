import CodedMedia
import FFmpeg
import Foundation
import MediaModel
import NIOCore
import Publishing
import TestSupport
import Testing

@Suite struct SourcePublisherTests {
  private let time = VirtualTime()

  private func publisher(
    _ path: String, _ change: (inout SourcePublisher.Options) -> Void = { _ in }
  ) throws -> SourcePublisher {
    var options = SourcePublisher.Options()
    options.demuxer.rawFrameRate = FrameRate(25)
    change(&options)
    return try SourcePublisher(MediaLocation(path), options: options, pace: time.pace(), logger: silentLogger)
  }

  @Test func aFileIsSentByteForByteAtItsOwnPace() async throws {
    let path = try makeVideo(20)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let (sink, start) = (CollectingSink(), time.now)
    try await publisher(path).run(to: sink)
    let joined = sink.pictures.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1.bytes) }
    #expect(Data(joined.readableBytesView) == (try Data(contentsOf: URL(filePath: path))))
    let micros = sink.pictures.map(\.senderMicros)
    #expect(micros.map { $0 - micros[0] } == (0..<20).map { 40_000 * $0 })
    #expect(sink.pictures.indices.filter { sink.pictures[$0].isKeyFrame } == [0, 5, 10, 15])
    // The last of 20 pictures is due 19 intervals after the first.
    #expect(time.now.since(start) == .milliseconds(19 * 40))
  }

  @Test func speedAndDurationAreKept() async throws {
    let path = try makeVideo(20)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let (sink, start) = (CollectingSink(), time.now)
    try await publisher(path) {
      $0.speed = 2
      $0.duration = .milliseconds(200)
    }.run(to: sink)
    #expect(sink.pictures.count == 10)
    #expect(time.now.since(start) == .milliseconds(9 * 20))
  }

  @Test func aLoopedFileGoesOnWithRisingTimes() async throws {
    let path = try makeVideo(10)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let sink = CollectingSink()
    try await publisher(path) {
      $0.loops = true
      $0.duration = .seconds(1.2)
    }.run(to: sink)
    let micros = sink.pictures.map(\.senderMicros)
    #expect(micros.count == 30)
    #expect(zip(micros, micros.dropFirst()).allSatisfy { $1 - $0 == 40_000 })
    #expect(sink.pictures[10].bytes == sink.pictures[0].bytes)
  }

  @Test func whatIsNotH264IsEncodedAgain() async throws {
    let sink = CollectingSink()
    try await publisher("testsrc=size=160x120:rate=10:duration=1") { $0.demuxer.format = "lavfi" }.run(to: sink)
    #expect(sink.pictures.count == 10)
    #expect(sink.pictures.first?.isKeyFrame == true)
    #expect(sink.pictures.first?.parameterSets.resolution == Resolution(width: 160, height: 120))
    let decoder = try H264Decoder()
    for picture in sink.pictures {
      #expect(try decoder.decode(picture.bytes, presentationTime: .zero).count == 1)
    }
    let micros = sink.pictures.map(\.senderMicros)
    #expect(micros.map { $0 - micros[0] } == (0..<10).map { 100_000 * $0 })
  }

  @Test func missingFilesAndSpeedsAreErrors() async throws {
    await #expect(throws: FFmpegError.self) { try await publisher("/nowhere.mp4").run(to: CollectingSink()) }
    #expect(throws: PublishingError.self) { try publisher("x") { $0.speed = 0 } }
  }

  @Test func anErrorOfTheSinkEndsIt() async throws {
    let path = try makeVideo(20)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let sink = CollectingSink(limit: 3)
    await #expect(throws: CollectingSink.Full.self) { try await publisher(path) { $0.loops = true }.run(to: sink) }
    #expect(sink.pictures.count == 3)
  }

  @Test(.enabled(if: TestData.root != nil, "test data is absent: set WORLDSYSTEM_TEST_DATA"))
  func realVideoWithBFramesKeepsPresentationTimes() async throws {
    let path = try #require(TestData.url("videos/08_driving.mp4")?.path)
    let sink = CollectingSink()
    try await publisher(path).run(to: sink)
    let micros = sink.pictures.map(\.senderMicros)
    #expect(micros.count == 124)
    #expect(micros != micros.sorted(), "units go out in decoding order")
    #expect(Set(micros).count == 124)
    let shown = micros.sorted()
    // 1/24 s, cut to microseconds.
    #expect(zip(shown, shown.dropFirst()).allSatisfy { abs($1 - $0 - 41_667) <= 1 })
    #expect(sink.pictures[0].parameterSets.reorderDepth > 0)
  }
}
