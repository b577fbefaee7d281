import BusMessages
import BusVideo
import Clocks
import CodedMedia
import Logging
import MediaModel
import MessageBus
import NIOCore
import Relay
import Testing

/// Servers that share a broker in memory. They look for work every millisecond; tests wait for pictures only.
@Suite(.timeLimit(.minutes(1))) struct BusVideoServiceTests {
  private final class Node: Sendable {
    let relay: Relay
    let service: BusVideoService

    init(_ name: String, on broker: MemoryBroker) {
      let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
      var configuration = BusVideoConfiguration(node: name, queueBytes: 1 << 20, queueAge: .seconds(60))
      configuration.pace = .milliseconds(1)
      relay = Relay(logger: logger)
      service = BusVideoService(
        relay: relay, bus: broker, queues: broker, configuration: configuration, logger: logger)
    }

    /// A reader from outside, which is what makes a server fetch a stream.
    func reader(_ policy: ReaderPolicy = .decodable) throws -> UnitReader {
      try relay.stream(.default).reader(ReaderOptions(policy: policy, transport: .websocket))
    }
  }

  /// A publisher that sends groups of five.
  private struct Publisher {
    let lease: PublisherLease
    var count = 0

    mutating func publish(_ pictures: Int) {
      for _ in 0..<pictures {
        let picture = SampleVideo.picture(isKeyFrame: count.isMultiple(of: 5), number: count)
        lease.publish(picture, receivedAt: SystemClocks.system.host())
        count += 1
      }
    }
  }

  private func running(_ nodes: [Node], _ body: () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for node in nodes { tasks.addTask { try await node.service.run() } }
      try await body()
      tasks.cancelAll()
    }
  }

  private func take(_ count: Int, from reader: UnitReader) async throws -> [AccessUnit] {
    var units: [AccessUnit] = []
    while units.count < count, let delivery = try await reader.next() { units.append(delivery.unit) }
    return units
  }

  /// Waits, without a clock, until the broker has so many messages of the default stream.
  private func waitForMessages(_ count: Int, in broker: MemoryBroker) async {
    while broker.messages(of: .default).count < count { await Task.yield() }
  }

  private func publisher(_ node: Node) throws -> Publisher {
    Publisher(lease: try node.relay.claim(.default, peer: "phone", onRevoked: {}))
  }

  @Test func readerElsewhereGetsTheStreamFromItsLastKeyFrame() async throws {
    let broker = MemoryBroker()
    let (a, b) = (Node("a", on: broker), Node("b", on: broker))
    try await running([a, b]) {
      var publisher = try publisher(a)
      publisher.publish(8)
      await waitForMessages(8, in: broker)
      let reader = try b.reader()
      let first = try await take(3, from: reader)
      #expect(first.map(\.sequence) == [6, 7, 8], "the numbers of the server it comes from")
      #expect(first[0].isKeyFrame)
      publisher.publish(4)
      let later = try await take(4, from: reader)
      #expect(later.map(\.sequence) == [9, 10, 11, 12])
      let local = try a.reader()
      let units = try await take(2, from: local)
      #expect(units[0].bytes == later[2].bytes && units[0].capturedAt == later[2].capturedAt)
      #expect(later.allSatisfy { $0.publication.node == "a" })
      #expect(later[0].publication.epoch == units[0].publication.epoch)
      let snapshot = try #require(b.relay.existingStream(.default)).snapshot()
      #expect(snapshot.isRemote && snapshot.node == "a" && snapshot.isPublished)
    }
  }

  @Test func remoteStreamIsNotGivenToTheBrokerAgain() async throws {
    let broker = MemoryBroker()
    let (a, b) = (Node("a", on: broker), Node("b", on: broker))
    try await running([a, b]) {
      var publisher = try publisher(a)
      publisher.publish(5)
      let reader = try b.reader()
      _ = try await take(5, from: reader)
      publisher.publish(5)
      _ = try await take(5, from: reader)
      let nodes = Set(broker.messages(of: .default).map { $0.headers[BusHeader.node] })
      #expect(nodes == [.text("a")])
      #expect(broker.messages(of: .default).count == 10)
    }
  }

  @Test func brokerThatRestartsCostsNoPicture() async throws {
    let broker = MemoryBroker()
    let (a, b) = (Node("a", on: broker), Node("b", on: broker))
    try await running([a, b]) {
      var publisher = try publisher(a)
      publisher.publish(5)
      let reader = try b.reader()
      _ = try await take(5, from: reader)
      broker.restart()
      publisher.publish(7)
      #expect(try await take(7, from: reader).map(\.sequence) == Array(6...12))
    }
  }

  @Test func publisherThatReconnectsIsFollowedFromItsKeyFrameOn() async throws {
    let broker = MemoryBroker()
    let (a, b) = (Node("a", on: broker), Node("b", on: broker))
    try await running([a, b]) {
      var first = try publisher(a)
      first.publish(7)
      let reader = try b.reader()
      let before = try await take(2, from: reader)
      first.lease.end()
      var second = try publisher(a)
      second.publish(6)
      let after = try await take(6, from: reader)
      #expect(after.contains { $0.publication.epoch > before[0].publication.epoch && $0.isKeyFrame })
    }
  }

  @Test func restartedServerStartsItsNumbersAnewAndReadersGoOn() async throws {
    let broker = MemoryBroker()
    let b = Node("b", on: broker)
    try await running([b]) {
      let reader = try b.reader()
      let a = Node("a", on: broker)
      try await running([a]) {
        var publisher = try publisher(a)
        publisher.publish(20)
        while let delivery = try await reader.next(), delivery.unit.sequence < 20 {}
      }
      let restarted = Node("a", on: broker)
      try await running([restarted]) {
        var publisher = try publisher(restarted)
        publisher.publish(3)
        let units = try await take(3, from: reader)
        #expect(units.map(\.sequence) == [21, 22, 23], "numbers rise for the readers here")
        #expect(units.map(\.isKeyFrame) == [true, false, false])
      }
    }
  }

  @Test func localPublisherTakesOver() async throws {
    let broker = MemoryBroker()
    let (a, b) = (Node("a", on: broker), Node("b", on: broker))
    try await running([a, b]) {
      var remote = try publisher(a)
      remote.publish(5)
      let reader = try b.reader()
      _ = try await take(5, from: reader)
      var local = try publisher(b)
      local.publish(2)
      let units = try await take(2, from: reader)
      #expect(units.allSatisfy { !$0.publication.isRemote })
      #expect(units[0].isKeyFrame)
    }
  }

  @Test func streamsOfOthersAreKnown() async throws {
    let broker = MemoryBroker()
    let (a, b) = (Node("a", on: broker), Node("b", on: broker))
    try await running([a, b]) {
      let publisher = try publisher(a)
      while b.service.announcedStreams().isEmpty { await Task.yield() }
      #expect(b.service.announcedStreams().map(\.node) == ["a"])
      #expect(a.service.announcedStreams().isEmpty)
      publisher.lease.end()
      while !b.service.announcedStreams().isEmpty { await Task.yield() }
    }
  }
}
