import BusMessages
import Clocks
import Foundation
import Logging
import MCAP
import MediaModel
import MessageBus
import NIOCore
import Recording
import SessionLog
import TestSupport
import Testing

struct SessionLogTests {
  private func place(_ folder: TemporaryFolder) throws -> SessionPlace {
    SessionPlace(
      folder: folder.url.path, id: try #require(SessionID("20231114_221320")), stream: "drone",
      startedAt: SessionFixture.start)
  }

  private func logs(
    _ bus: InProcessBus, isWaitedFor: Bool = true, _ change: (inout SessionLogOptions) -> Void = { _ in }
  )
    -> SessionLogs
  {
    var options = SessionLogOptions()
    options.minimumFreeBytes = 0
    options.isWaitedFor = isWaitedFor
    change(&options)
    return SessionLogs(bus: bus, options: options, logger: Logger(label: "test"))
  }

  private func file(_ folder: TemporaryFolder) throws -> ByteBuffer {
    ByteBuffer(bytes: try Data(contentsOf: folder.file(SessionLog.fileName)))
  }

  @Test func aSessionIsOneFile() throws {
    let folder = TemporaryFolder()
    let logs = logs(InProcessBus())
    let log = try #require(logs.maker(try place(folder)))
    for number in 0..<300 { log.add(try SessionFixture.unit(number, isKey: number % 30 == 0)) }
    log.end()
    let (topics, outcome) = try SessionFixture.contents(of: try file(folder))
    #expect(topics["/camera/video"]?.count == 300 && topics["/log"]?.count == 1)
    #expect(outcome == .whole(messages: 301))
  }

  @Test func theSameFileGivesTheSameBytes() throws {
    let files = try (0..<2).map { _ in
      let folder = TemporaryFolder()
      let log = try #require(logs(InProcessBus()).maker(try place(folder)))
      for number in 0..<200 { log.add(try SessionFixture.unit(number, isKey: number % 30 == 0)) }
      log.end()
      return try file(folder)
    }
    #expect(files[0] == files[1] && files[0].readableBytes > 10_000)
  }

  @Test func afterAGapTheVideoGoesOnAtAKeyFrame() throws {
    let folder = TemporaryFolder()
    let log = try #require(logs(InProcessBus()).maker(try place(folder)))
    for number in 0..<10 { log.add(try SessionFixture.unit(number, isKey: number == 0)) }
    log.missed(3)
    for number in 13..<40 { log.add(try SessionFixture.unit(number, isKey: number == 30)) }
    log.end()
    let (topics, _) = try SessionFixture.contents(of: try file(folder))
    #expect(topics["/camera/video"]?.count == 20)
  }

  @Test(.timeLimit(.minutes(1)))
  func whatTheBusBringsIsInTheFile() async throws {
    let folder = TemporaryFolder()
    let bus = InProcessBus()
    let logs = logs(bus, isWaitedFor: false)
    let running = Task { try await logs.run() }
    let log = try #require(logs.maker(try place(folder)))
    log.add(try SessionFixture.unit(0, isKey: true))
    bus.publish(try SessionFixture.pose(0))
    bus.publish(SessionFixture.imu(SessionFixture.imuJSON))
    // What was taken off the bus last is in the file once that has it.
    while logs.takenMessages < 2 { await Task.yield() }
    log.end()
    running.cancel()
    try await running.value
    let (topics, outcome) = try SessionFixture.contents(of: try file(folder))
    #expect(
      topics.mapValues(\.count) == [
        "/log": 1, "/camera/video": 1, "/tf": 1, "/camera/pose": 1, "/camera/pose_state": 1, "/camera/path": 1,
        "/imu": 1, "/gps": 1,
      ])
    #expect(outcome == .whole(messages: 8))
  }

  @Test func aFolderThatIsGoneStopsNobody() throws {
    let folder = TemporaryFolder()
    var place = try place(folder)
    place.folder += "/nowhere"
    let log = try #require(logs(InProcessBus()).maker(place))
    for number in 0..<100 { log.add(try SessionFixture.unit(number, isKey: number == 0)) }
    log.end()
    #expect(!FileManager.default.fileExists(atPath: place.folder))
  }
}
