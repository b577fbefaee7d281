import CodedMedia
import MediaModel
import NIOCore
import NIOEmbedded
import Relay
import Synchronization
import Testing

@Suite struct RelayStreamTests {
  private let sets = makeSets()

  private func take(_ count: Int, from reader: UnitReader) async throws -> [AccessUnit] {
    var units: [AccessUnit] = []
    while units.count < count, let delivery = try await reader.next() { units.append(delivery.unit) }
    return units
  }

  @Test func everyReaderGetsTheSameUnit() async throws {
    let (relay, clock) = makeRelay()
    let lease = try relay.claim(.default, peer: "test") {}
    let readers = try (0..<3).map { _ in try relay.stream(.default).reader(ReaderOptions(transport: .consumer)) }
    lease.publish(makePicture(key: true, sets: sets), receivedAt: clock.now)
    var units: [AccessUnit] = []
    for reader in readers { units += try await take(1, from: reader) }
    #expect(units.allSatisfy { $0 === units[0] })
    readers.forEach { $0.close() }
  }

  @Test func publishedBytesAreUnchangedAndTheMessageSharesThem() throws {
    let (relay, clock) = makeRelay()
    let lease = try relay.claim(.default, peer: "test") {}
    let loop = EmbeddedEventLoop()
    let reader = LoopReader(
      stream: try relay.stream(.default), options: ReaderOptions(transport: .websocket), eventLoop: loop,
      onAvailable: {}, onEnd: { _ in })
    let picture = makePicture(key: true, size: 70_000, sets: sets, mark: 0x5A)
    lease.publish(picture, receivedAt: clock.now)
    loop.run()
    let unit = try #require(reader.next(at: clock.now)?.unit)
    #expect(unit.bytes == picture.bytes)
    let message = UnitMessages.annexBMessage(of: unit)
    let payload = try #require(message.getSlice(at: message.readerIndex + 10, length: 70_000))
    #expect(payload == picture.bytes)
    let addresses = [message, unit.bytes].map { $0.withVeryUnsafeBytes { $0.baseAddress } }
    #expect(addresses[0] == addresses[1], "one storage for the unit and for its message")
    reader.close()
  }

  @Test func timesOfAReplayStandAndItsBacklogIsKnown() async throws {
    let (relay, clock) = makeRelay()
    let lease = try relay.claim(.default, peer: "test", isReplay: true) {}
    let stream = try relay.stream(.default)
    let service = stream.reader(ReaderOptions(transport: .consumer))
    let viewer = stream.reader(ReaderOptions(transport: .websocket))
    let base: Int64 = 1_700_000_000_500_000
    for index in 0..<10 {
      // Captured 33 ms from each other, sent at once.
      let micros = base + Int64(index) * 33_333
      lease.publish(makePicture(key: index == 0, sets: sets, micros: micros), receivedAt: clock.now)
    }
    #expect(stream.unitsForServices == 10)
    let units = try await take(4, from: service)
    #expect(units.map(\.capturedAt.nanosSince1970) == (0..<4).map { (base + $0 * 33_333) * 1_000 })
    #expect(units.allSatisfy { $0.publication.isReplay })
    // Viewers make nobody wait.
    #expect(stream.unitsForServices == 6 && viewer.backlog.units == 10)
    [service, viewer].forEach { $0.close() }
  }

  @Test func lateReaderStartsWithTheCurrentGroup() async throws {
    let (relay, clock) = makeRelay()
    let lease = try relay.claim(.default, peer: "test") {}
    for index in 0..<10 { lease.publish(makePicture(key: index == 0 || index == 6, sets: sets), receivedAt: clock.now) }
    let reader = try relay.stream(.default).reader(ReaderOptions(transport: .consumer))
    let first = try #require(try await reader.next())
    #expect(first.unit.sequence == 7)
    #expect(first.parameterSets === sets)
    #expect(try await take(3, from: reader).map(\.sequence) == [8, 9, 10])
    reader.close()
  }

  @Test func groupLargerThanTheCacheIsNotKept() throws {
    let (relay, clock) = makeRelay(RelayConfiguration(groupCacheBytes: 250))
    let lease = try relay.claim(.default, peer: "test") {}
    for index in 0..<4 { lease.publish(makePicture(key: index == 0, sets: sets), receivedAt: clock.now) }
    let reader = try relay.stream(.default).reader(ReaderOptions(transport: .consumer))
    #expect(reader.backlog.units == 0)
    reader.close()
  }

  @Test func readersOfALoopAreServedByOneWakeUp() throws {
    let (relay, clock) = makeRelay()
    let lease = try relay.claim(.default, peer: "test") {}
    let loop = EmbeddedEventLoop()
    var served: [Int] = []
    let stream = try relay.stream(.default)
    let readers = (0..<3).map { index in
      LoopReader(
        stream: stream, options: ReaderOptions(transport: .websocket), eventLoop: loop,
        onAvailable: { served.append(index) }, onEnd: { _ in })
    }
    lease.publish(makePicture(key: true, sets: sets), receivedAt: clock.now)
    lease.publish(makePicture(sets: sets), receivedAt: clock.now)
    #expect(served.isEmpty, "publishing does not run the readers")
    loop.run()
    #expect(served == [0, 1, 2])
    #expect(readers.map(\.backlog.units) == [2, 2, 2])
    readers[0].close()
    lease.publish(makePicture(sets: sets), receivedAt: clock.now)
    loop.run()
    #expect(served.count == 5)
    #expect(stream.snapshot().consumers == 2)
    readers[1].close()
    readers[2].close()
    #expect(stream.snapshot().consumers == 0)
  }

  @Test func slowLosslessReaderIsEndedAndOthersAreNot() async throws {
    let (relay, clock) = makeRelay()
    let lease = try relay.claim(.default, peer: "test") {}
    let stream = try relay.stream(.default)
    let limits = ReaderLimits(units: 2, bytes: 1 << 20)
    let slow = stream.reader(ReaderOptions(policy: .lossless, limits: limits, transport: .consumer))
    let other = stream.reader(ReaderOptions(transport: .consumer))
    for index in 0..<5 { lease.publish(makePicture(key: index == 0, sets: sets), receivedAt: clock.now) }
    #expect(try await take(5, from: other).count == 5)
    #expect(try await take(2, from: slow).count == 2)
    await #expect(throws: ReaderError.tooSlow(queuedUnits: 2, queuedBytes: 200)) { try await slow.next() }
    other.close()
  }

  @Test func secondPublisherIsTurnedAwayWithAReason() throws {
    let (relay, _) = makeRelay()
    let first = try relay.claim(.default, peer: "10.0.0.1:1") {}
    #expect(throws: RelayError.alreadyPublished(.default, by: "10.0.0.1:1")) {
      _ = try relay.claim(.default, peer: "10.0.0.2:2") {}
    }
    first.end()
    _ = try relay.claim(.default, peer: "10.0.0.2:2") {}
  }

  @Test func overridingPublisherTakesTheStreamOver() throws {
    let (relay, clock) = makeRelay(RelayConfiguration(overridesPublisher: true))
    let isRevoked = Mutex(false)
    let first = try relay.claim(.default, peer: "a") { isRevoked.withLock { $0 = true } }
    let second = try relay.claim(.default, peer: "b") {}
    #expect(isRevoked.withLock { $0 })
    #expect(!first.publish(makePicture(key: true, sets: sets), receivedAt: clock.now))
    #expect(second.publish(makePicture(key: true, sets: sets), receivedAt: clock.now))
    // The end of the one that was taken over does not touch the stream.
    first.end()
    #expect(relay.existingStream(.default)?.snapshot().isPublished == true)
  }

  @Test func readersOutliveAPublisherThatComesBackInTime() async throws {
    let (relay, clock) = makeRelay(RelayConfiguration(publisherGrace: .seconds(15)))
    let first = try relay.claim(.default, peer: "a") {}
    let reader = try relay.stream(.default).reader(ReaderOptions(transport: .consumer))
    first.publish(makePicture(key: true, sets: sets), receivedAt: clock.now)
    first.end()
    clock.advance(by: .seconds(14))
    relay.tick()
    let second = try relay.claim(.default, peer: "a") {}
    // What comes before the new publisher's first key frame refers to pictures nobody has.
    second.publish(makePicture(sets: sets), receivedAt: clock.now)
    second.publish(makePicture(key: true, sets: sets), receivedAt: clock.now)
    let units = try await take(2, from: reader)
    #expect(units.map(\.sequence) == [1, 2])
    #expect(units.allSatisfy { $0.isKeyFrame })
    reader.close()
  }

  @Test func readersEndWhenThePublisherStaysAway() async throws {
    let (relay, clock) = makeRelay(RelayConfiguration(publisherGrace: .seconds(15)))
    let lease = try relay.claim(.default, peer: "a") {}
    let reader = try relay.stream(.default).reader(ReaderOptions(transport: .consumer))
    lease.publish(makePicture(key: true, sets: sets), receivedAt: clock.now)
    lease.end()
    clock.advance(by: .seconds(15))
    relay.tick()
    #expect(try await take(5, from: reader).count == 1)
    #expect(relay.existingStream(.default)?.snapshot().isLive == false)
  }

  @Test func streamsAreBoundedAndUnusedOnesGiveWay() throws {
    let (relay, _) = makeRelay(RelayConfiguration(streams: 2))
    let names = ["a", "b", "c"].compactMap { StreamName($0) }
    _ = try relay.claim(names[0], peer: "x") {}
    _ = try relay.stream(names[1])
    _ = try relay.stream(names[2])
    #expect(relay.streams().map(\.name) == [names[0], names[2]])
    _ = try relay.claim(names[2], peer: "y") {}
    #expect(throws: RelayError.tooManyStreams(limit: 2)) { _ = try relay.stream(names[1]) }
  }

  @Test func shutdownEndsReadersAndRefusesPublishers() async throws {
    let (relay, _) = makeRelay()
    let reader = try relay.stream(.default).reader(ReaderOptions(transport: .consumer))
    relay.shutdown()
    #expect(try await reader.next() == nil)
    #expect(throws: RelayError.shutdown) { _ = try relay.claim(.default, peer: "x") {} }
  }
}
