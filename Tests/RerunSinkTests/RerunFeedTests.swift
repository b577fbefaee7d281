import BusMessages
import CodedMedia
import H264
import MediaModel
import NIOCore
import RerunLog
import RerunSink
import TestSupport
import Testing

@Suite struct RerunFeedTests {
  private static let start = WallTime(nanosSince1970: 1_700_000_000_123_456_789)

  private let queue = RerunQueue(limit: 200_000)
  private let feed: RerunFeed

  init() throws {
    feed = RerunFeed(
      stream: .default, options: RerunOptions(), queue: queue, metrics: RerunMetrics(), compress: nil)
  }

  private static func time(_ number: Int) -> WallTime { start.advanced(by: Nanoseconds(Int64(number) * 33_333_333)) }

  private func unit(_ number: Int, isKey: Bool) throws -> AccessUnit {
    var slice = H264Fixture.Slice()
    slice.isIDR = isKey
    slice.type = isKey ? 2 : 0
    slice.frameNumber = number % 256
    let bytes = H264Fixture.annexB([slice.nalUnit()])
    let picture = CodedPicture(
      bytes: bytes, nalUnits: AnnexB.nalUnitRanges(in: bytes), senderMicros: 0, isKeyFrame: isKey,
      carriesParameterSets: false,
      parameterSets: try ParameterSets.parse(sps: H264Fixture.SPS().nalUnit(), pps: [H264Fixture.pps()]))
    let time = Self.time(number)
    return AccessUnit(
      picture: picture, sequence: UInt64(number), capturedAt: time, decodeAt: time, receivedAt: HostTime(nanos: 0))
  }

  private func pose(_ number: Int) throws -> BusMessage {
    try CameraPose(
      frameNumber: number, timestamp: Self.time(number).secondsSince1970,
      pose: [[1, 0, 0, Double(number)], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], isKeyframe: false, stream: "drone"
    ).message()
  }

  private func entities() async throws -> [String] { try #require(await queue.next()).compactMap(\.entity) }

  @Test func nothingWaitsWhileThereIsNoViewer() async throws {
    for number in 0..<100 {
      feed.take(try unit(number, isKey: number % 10 == 0))
      feed.take(try pose(number), at: Self.start)
    }
    queue.open()
    queue.end()
    #expect(await queue.next() == nil)
  }

  @Test func viewerGetsWhatComesFirstAndThenAKeyFrame() async throws {
    feed.take(try unit(0, isKey: true))
    queue.open()
    feed.take(try unit(1, isKey: false))
    let first = try #require(await queue.next())
    #expect(first.first?.kind == .storeInfo)
    #expect(first.last?.kind == .blueprintActivation)
    feed.take(try unit(2, isKey: false))
    feed.take(try pose(2), at: Self.start)
    #expect(try await entities() == ["/world", "/world/camera", "/world/trajectory"])
    feed.take(try unit(3, isKey: true))
    #expect(try await entities() == ["/world/camera", "/frame"])
  }

  @Test func viewerThatComesBackGetsTheSameRecordingAnew() async throws {
    queue.open()
    feed.take(try unit(0, isKey: true))
    feed.take(try pose(0), at: Self.start)
    let first = try #require(await queue.next())
    queue.close()
    feed.take(try unit(1, isKey: false))
    feed.take(try pose(1), at: Self.start)
    queue.open()
    feed.take(try unit(2, isKey: true))
    feed.take(try pose(40), at: Self.start)
    let second = try #require(await queue.next())
    #expect(second.map(\.entity) == first.map(\.entity))
    #expect(second.first?.kind == .storeInfo)
    // The trajectory has what the viewer missed.
    let lines = [first, second].compactMap { $0.last?.body.readableBytes }
    #expect(lines[1] - lines[0] == 24)
  }

  @Test func slowViewerLosesVideoUpToAKeyFrameAndKeepsPoses() async throws {
    queue.open()
    for number in 0..<100 { feed.take(try unit(number, isKey: number == 0)) }
    feed.take(try pose(99), at: Self.start)
    let waiting = try #require(await queue.next())
    let frames = waiting.count { $0.entity == "/frame" }
    #expect(frames > 5 && frames < 90)
    #expect(waiting.contains { $0.entity == "/world/camera" && $0.kind == .chunk })
    #expect(waiting.reduce(0) { $0 + $1.cost } < 200_000)
    // There is room again, and no key frame yet.
    feed.take(try unit(100, isKey: false))
    feed.take(try unit(101, isKey: true))
    feed.take(try unit(102, isKey: false))
    #expect(try await entities() == ["/frame", "/frame"])
  }

  @Test func boundHoldsForEverythingElseToo() async throws {
    queue.open()
    feed.take(try unit(0, isKey: true))
    for number in 0..<1_000 { feed.take(try pose(number), at: Self.start) }
    let waiting = try #require(await queue.next())
    #expect(waiting.reduce(0) { $0 + $1.cost } < 204_000)
  }

  @Test func whatWaitsAtTheEndIsGivenOut() async throws {
    queue.open()
    feed.take(try unit(0, isKey: true))
    queue.end()
    #expect(await queue.next() != nil)
    #expect(await queue.next() == nil)
  }

  @Test func messagesForAConnectionThatIsGoneAreForgotten() async throws {
    queue.open()
    let old = try #require(queue.connection)
    queue.close()
    queue.open()
    queue.put([RerunFeedTests.message], for: old)
    queue.end()
    #expect(await queue.next() == nil)
  }

  private static let message: RerunMessage = {
    var mapping = RerunMapping(store: RerunStore(id: "a", application: "b"), name: "c", start: start, layout: nil)
    return mapping.begin()[0]
  }()
}
