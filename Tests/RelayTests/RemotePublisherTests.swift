import CodedMedia
import MediaModel
import Relay
import Synchronization
import Testing

/// Streams whose publisher is connected to another server.
@Suite struct RemotePublisherTests {
  private let sets = makeSets()
  private let origin = PublisherOrigin.remote(node: "a", epoch: 42)

  private func take(_ count: Int, from reader: UnitReader) async throws -> [Delivery] {
    var deliveries: [Delivery] = []
    while deliveries.count < count, let delivery = try await reader.next() { deliveries.append(delivery) }
    return deliveries
  }

  @Test func localPublisherTakesOverWithoutAsking() throws {
    let (relay, clock) = makeRelay()
    let isRevoked = Mutex(false)
    let remote = try relay.claim(.default, peer: "node a", origin: origin) { isRevoked.withLock { $0 = true } }
    let local = try relay.claim(.default, peer: "phone") {}
    #expect(isRevoked.withLock { $0 })
    #expect(!remote.publish(makePicture(key: true, sets: sets), receivedAt: clock.now))
    #expect(local.publish(makePicture(key: true, sets: sets), receivedAt: clock.now))
  }

  @Test(arguments: [false, true])
  func remotePublisherNeverTakesOver(overrides: Bool) throws {
    let (relay, _) = makeRelay(RelayConfiguration(overridesPublisher: overrides))
    _ = try relay.claim(.default, peer: "phone") {}
    #expect(throws: RelayError.alreadyPublished(.default, by: "phone")) {
      _ = try relay.claim(.default, peer: "node a", origin: origin) {}
    }
  }

  @Test func timesAndNumbersAreKept() async throws {
    let (relay, clock) = makeRelay()
    let lease = try relay.claim(.default, peer: "node a", origin: origin) {}
    let reader = try relay.stream(.default).reader(ReaderOptions(transport: .consumer))
    let captured = WallTime(nanosSince1970: 1_700_000_000_123_456_000)
    for (index, sequence) in [UInt64(70), 71, 75].enumerated() {
      lease.publish(
        makePicture(key: index != 1, sets: sets), receivedAt: clock.now,
        given: GivenIdentity(capturedAt: captured.advanced(by: .milliseconds(Int64(index) * 33)), sequence: sequence))
    }
    let deliveries = try await take(3, from: reader)
    #expect(deliveries.map(\.unit.sequence) == [70, 71, 75])
    #expect(deliveries.map(\.skipped) == [0, 0, 3])
    #expect(deliveries[1].unit.capturedAt == captured.advanced(by: .milliseconds(33)))
    #expect(deliveries.allSatisfy { $0.unit.decodeAt <= $0.unit.capturedAt })
    #expect(deliveries[0].unit.publication.node == "a" && deliveries[0].unit.publication.epoch == 42)
    let snapshot = try #require(relay.existingStream(.default)).snapshot()
    #expect(snapshot.isRemote && snapshot.node == "a")
    reader.close()
  }

  @Test func numbersRiseWhateverTheOtherServerSays() async throws {
    let (relay, clock) = makeRelay()
    let lease = try relay.claim(.default, peer: "node a", origin: origin) {}
    let reader = try relay.stream(.default).reader(ReaderOptions(transport: .consumer))
    for sequence in [UInt64(70), 1, 2] {
      let given = GivenIdentity(capturedAt: WallTime(nanosSince1970: 0), sequence: sequence)
      lease.publish(makePicture(key: true, sets: sets), receivedAt: clock.now, given: given)
    }
    #expect(try await take(3, from: reader).map(\.unit.sequence) == [70, 71, 72])
    reader.close()
  }

  @Test func whoTakesLocalOnlyGetsNothingOfOthers() async throws {
    let (relay, clock) = makeRelay()
    let stream = try relay.stream(.default)
    let early = stream.reader(ReaderOptions(transport: .recorder, takesLocalOnly: true))
    let remote = try relay.claim(.default, peer: "node a", origin: origin) {}
    let given = GivenIdentity(capturedAt: WallTime(nanosSince1970: 0), sequence: 900)
    remote.publish(makePicture(key: true, sets: sets), receivedAt: clock.now, given: given)
    let late = stream.reader(ReaderOptions(transport: .recorder, takesLocalOnly: true))
    let local = try relay.claim(.default, peer: "phone") {}
    local.publish(makePicture(sets: sets), receivedAt: clock.now)
    local.publish(makePicture(key: true, sets: sets), receivedAt: clock.now)
    for reader in [early, late] {
      let first = try #require(try await reader.next())
      #expect(!first.unit.publication.isRemote && first.unit.isKeyFrame && first.skipped == 0)
      reader.close()
    }
  }

  @Test func changeOfServerIsNoLoss() async throws {
    let (relay, clock) = makeRelay()
    let reader = try relay.stream(.default).reader(ReaderOptions(transport: .consumer))
    let local = try relay.claim(.default, peer: "phone") {}
    local.publish(makePicture(key: true, sets: sets), receivedAt: clock.now)
    local.end()
    let remote = try relay.claim(.default, peer: "node a", origin: origin) {}
    let given = GivenIdentity(capturedAt: WallTime(nanosSince1970: 0), sequence: 900)
    remote.publish(makePicture(key: true, sets: sets), receivedAt: clock.now, given: given)
    let deliveries = try await take(2, from: reader)
    #expect(deliveries.map(\.unit.sequence) == [1, 900])
    #expect(deliveries[1].skipped == 0)
    reader.close()
  }

  @Test func turnsOfLocalPublishersRise() async throws {
    let (relay, clock) = makeRelay()
    let reader = try relay.stream(.default).reader(ReaderOptions(transport: .consumer))
    for _ in 0..<2 {
      let lease = try relay.claim(.default, peer: "phone") {}
      lease.publish(makePicture(key: true, sets: sets), receivedAt: clock.now)
      lease.end()
    }
    let epochs = try await take(2, from: reader).map(\.unit.publication.epoch)
    #expect(epochs[0] < epochs[1], "even when the clock stands still")
    reader.close()
  }

  @Test func withdrawnStreamIsNotHeld() throws {
    let (relay, clock) = makeRelay()
    let lease = try relay.claim(.default, peer: "node a", origin: origin) {}
    lease.publish(makePicture(key: true, sets: sets), receivedAt: clock.now)
    lease.withdraw()
    let snapshot = try #require(relay.existingStream(.default)).snapshot()
    #expect(!snapshot.isLive && !snapshot.isRemote && snapshot.parameterSets == nil)
  }

  @Test func heldStreamIsStillOfItsServer() throws {
    let (relay, clock) = makeRelay()
    let lease = try relay.claim(.default, peer: "node a", origin: origin) {}
    lease.publish(makePicture(key: true, sets: sets), receivedAt: clock.now)
    lease.end()
    let snapshot = try #require(relay.existingStream(.default)).snapshot()
    #expect(snapshot.isLive && snapshot.isRemote && !snapshot.isPublished)
  }

  @Test func observersOfPublishersMissNothing() async throws {
    let (relay, clock) = makeRelay()
    let readers = Mutex<[UnitReader]>([])
    relay.onLocalPublisher { stream in
      readers.withLock { $0.append(stream.reader(ReaderOptions(transport: .bus))) }
    }
    let remote = try relay.claim(.default, peer: "node a", origin: origin) {}
    #expect(readers.withLock { $0.isEmpty })
    remote.end()
    let local = try relay.claim(.default, peer: "phone") {}
    for _ in 0..<3 { local.publish(makePicture(key: true, sets: sets), receivedAt: clock.now) }
    let reader = try #require(readers.withLock { $0.first })
    #expect(try await take(3, from: reader).map(\.unit.sequence) == [1, 2, 3])
    reader.close()
  }
}
