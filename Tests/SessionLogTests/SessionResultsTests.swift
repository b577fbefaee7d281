import BusMessages
import Clocks
import Foundation
import Logging
import MediaModel
import MessageBus
import NIOCore
import Recording
import SessionLog
import TestSupport
import Testing

struct SessionResultsTests {
  /// The lines of a session with 90 pictures and what `messages` say meanwhile.
  private func lines(_ folder: TemporaryFolder, _ messages: [BusMessage]) async throws -> [[String: Any]] {
    var options = SessionLogOptions()
    options.minimumFreeBytes = 0
    options.isWaitedFor = true
    let bus = InProcessBus()
    let logs = SessionLogs(bus: bus, options: options, logger: Logger(label: "test"))
    let place = SessionPlace(
      folder: folder.url.path, id: try #require(SessionID("20231114_221320")), stream: "drone",
      startedAt: SessionFixture.start)
    let log = try #require(logs.maker(place))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await logs.run() }
      for number in 0..<90 { log.add(try SessionFixture.unit(number, isKey: number % 30 == 0)) }
      for message in messages { bus.publish(message) }
      while logs.takenMessages < messages.count { await Task.yield() }
      tasks.cancelAll()
    }
    log.end()
    return try read(folder.file(SessionLog.fileName))
  }

  private func read(_ file: URL) throws -> [[String: Any]] {
    let results = try SessionResults(path: file.path)
    var text = ByteBuffer()
    while var piece = try results.next() { text.writeBuffer(&piece) }
    #expect(try results.next() == nil)
    return try String(buffer: text).split(separator: "\n").map { line in
      try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
  }

  @Test func whatWasFoundOutComesAsLines() async throws {
    let folder = TemporaryFolder()
    let start = SessionFixture.start.secondsSince1970
    let object = ProcessedFrame.Object(
      id: 7, label: "car", score: 0.5, box: [1, 2, 30, 40], area: 1, maskShape: [720, 1_280])
    var unplaced = SessionFixture.object(9)
    unplaced.wgs84 = nil
    var world = try WorldObjects(stream: "drone", objects: [SessionFixture.object(8), unplaced]).message()
    world.headers[BusHeader.capturedAt] = .text("\(SessionFixture.start.nanosSince1970 + 50_000_000)")
    let lines = try await lines(
      folder,
      [
        try SessionFixture.pose(3, map: 2), SessionFixture.imu(SessionFixture.imuJSON), world,
        try ProcessedFrame(frameNumber: 3, timestamp: start + 0.1, objects: [object], stream: "drone").message(),
      ])
    let byType = Dictionary(grouping: lines) { $0["type"] as? String ?? "" }
    #expect(Set(byType.keys) == ["start", "pose", "imu", "gps", "objects", "world_objects"])
    let time = try #require(byType["start"]?.first?["time"] as? Double)
    #expect(abs(time - start) < 2e-6)
    let pose = try #require(byType["pose"]?.first)
    #expect(pose["position"] as? [Double] == [1, 2, 3])
    #expect(pose["map"] as? Int == 2 && pose["metric"] as? Bool == false)
    let turn = try #require(pose["orientation"] as? [Double])
    #expect(abs(turn[2] - 0.5.squareRoot()) < 1e-9 && abs(turn[3] - 0.5.squareRoot()) < 1e-9)
    #expect(byType["imu"]?.first?["gyroscope"] as? [Double] == [0.1, 0.2, 0.3])
    #expect(byType["imu"]?.first?["accelerometer"] as? [Double] == [0, 0, 9.81])
    let fix = try #require(byType["gps"]?.first)
    #expect(fix["latitude"] as? Double == 47.5 && fix["altitude"] as? Double == 400)
    #expect(abs((fix["accuracy"] as? Double ?? 0) - 3.02) < 1e-6 && abs((fix["heading"] as? Double ?? 0) - 90) < 1e-6)
    let found = try #require((byType["objects"]?.first?["objects"] as? [[String: Any]])?.first)
    #expect(found["id"] as? Int == 7 && found["label"] as? String == "car")
    #expect(found["box"] as? [Double] == [1, 2, 30, 40] && found["position"] == nil)
    let list = try #require(byType["world_objects"]?.first)
    #expect(abs((list["time"] as? Double ?? 0) - start - 0.05) < 2e-6)
    let places = try #require(list["objects"] as? [[String: Any]])
    #expect(places.map { $0["id"] as? Int } == [8, 9] && places[0]["label"] as? String == "car")
    #expect(places[0]["position"] as? [Double] == [1, 2, 0.75] && places[0]["box"] == nil)
    #expect(places[0]["deviation"] as? [Double] == [1, 1, 1])
    let earth = try #require(places[0]["wgs84"] as? [String: Double])
    #expect(earth == ["latitude": 47.5, "longitude": 8.5, "altitude": 400] && places[1]["wgs84"] == nil)
  }

  @Test func aFileThatIsCutOffOrDamagedEndsThere() async throws {
    let folder = TemporaryFolder()
    _ = try await lines(folder, try (0..<80).map { try SessionFixture.pose($0) })
    let whole = try Data(contentsOf: folder.file(SessionLog.fileName))
    for length in stride(from: 0, to: whole.count, by: max(1, whole.count / 40)) {
      let file = folder.file("cut.mcap")
      try whole.prefix(length).write(to: file)
      #expect(try read(file).count <= 81)
      var damaged = whole
      damaged[length] ^= 0x55
      try damaged.write(to: file)
      #expect(try read(file).count <= 81)
    }
  }

  @Test func aFileThatIsNotThereIsSaid() {
    #expect(throws: (any Error).self) { try SessionResults(path: "/nowhere/session.mcap") }
  }
}
