import BusMessages
import Clocks
import Logging
import MediaModel
import MessageBus
import MessageSpool
import NIOCore
import RabbitMQ
import RabbitMQBus
import TestSupport
import Testing

/// What can be seen of a bus that never finds its broker. With a broker: IntegrationTests/test_bus_broker.py.
struct RabbitMQBusTests {
  /// A port that nobody listens on refuses at once, on loopback.
  private static let nobody = "amqp://user:secret@127.0.0.1:1/"

  private static func bus(in folder: String, _ change: (inout RabbitMQBusOptions) -> Void = { _ in }) throws
    -> (bus: RabbitMQBus, spool: MessageSpool)
  {
    var options = RabbitMQBusOptions(address: try AMQPAddress(nobody), node: "test")
    change(&options)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let spool = try MessageSpool(folder: folder, clocks: .system, logger: logger)
    return (RabbitMQBus(options, spool: spool, clocks: .system, logger: logger), spool)
  }

  private static func message(_ text: String, _ topic: Topic = .imuData) -> BusMessage {
    BusMessage(topic: topic, body: ByteBuffer(string: text), contentType: BusMessage.json)
  }

  private static func bodies(_ spool: MessageSpool) -> [String] {
    spool.peek(after: nil, maxMessages: .max, maxBytes: .max).map { String(buffer: $0.1.message.body) }
  }

  @Test func withoutABrokerFlushingPutsMessagesOnDiskInOrder() async throws {
    let folder = TemporaryFolder()
    let (bus, spool) = try Self.bus(in: folder.path("spool"))
    let texts = (0..<100).map(String.init)
    for text in texts { #expect(bus.publish(Self.message(text)) == .accepted) }
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await bus.run() }
      try await bus.flush()
      tasks.cancelAll()
    }
    #expect(Self.bodies(spool) == texts)
    let entries = spool.peek(after: nil, maxMessages: .max, maxBytes: .max).map(\.1)
    #expect(Set(entries.map(\.id)).count == texts.count)
    #expect(entries.filter { $0.id.hasPrefix("test-") }.count == texts.count)
  }

  @Test func aStopLeavesWhatWaitsOnDisk() async throws {
    let folder = TemporaryFolder()
    let (bus, spool) = try Self.bus(in: folder.path("spool"))
    bus.publish(Self.message("a"))
    let run = Task { try await bus.run() }
    run.cancel()
    try await run.value
    #expect(Self.bodies(spool) == ["a"])
    #expect(bus.publish(Self.message("b")) == .dropped, "nobody would send it any more")
    try await bus.flush()
  }

  @Test func theStatusSaysWhatIsWrongWithoutCredentials() async throws {
    let folder = TemporaryFolder()
    let (bus, _) = try Self.bus(in: folder.path("spool"))
    bus.publish(Self.message("a"))
    #expect(bus.status.waitingMessages == 1)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await bus.run() }
      // It is flushed only after the first attempt to connect.
      try await bus.flush()
      let status = bus.status
      #expect(!status.isConnected)
      #expect(status.waitingMessages == 1)
      let problem = try #require(status.problem)
      #expect(problem.contains("no broker at amqp://127.0.0.1:1/"))
      #expect(!problem.contains("secret"))
      tasks.cancelAll()
    }
  }

  @Test func memoryIsBoundedAndBulkGoesFirst() throws {
    let folder = TemporaryFolder()
    let (bus, _) = try Self.bus(in: folder.path("spool")) { $0.outboxMessages = 2 }
    #expect(bus.publish(Self.message("video", .videoStream)) == .accepted)
    #expect(bus.publish(Self.message("1")) == .accepted)
    #expect(bus.publish(Self.message("2")) == .accepted)
    #expect(bus.publish(Self.message("video", .videoStream)) == .dropped)
    #expect(bus.status.waitingMessages == 2)
  }

  @Test func aCancelledFlushEnds() async throws {
    let folder = TemporaryFolder()
    let (bus, _) = try Self.bus(in: folder.path("spool"))
    bus.publish(Self.message("a"))
    let flush = Task { try await bus.flush() }
    flush.cancel()
    try await flush.value
  }

  @Test func aReaderOfVideoEndsWithTheBus() async throws {
    let folder = TemporaryFolder()
    let (bus, _) = try Self.bus(in: folder.path("spool"))
    let reader = bus.readVideoQueue(named: "video.drone", from: .first)
    let run = Task { try await bus.run() }
    run.cancel()
    try await run.value
    #expect(await reader.next() == nil)
    #expect(reader.end == .closed)
  }
}
