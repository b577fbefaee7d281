import Logging
import MediaModel
import NIOEmbedded
import Observability
import Relay
import Synchronization
import Testing

@Suite struct RelayEventTests {
  /// What was told, in order.
  private final class Told: Sendable {
    private let list = Mutex<[RelayEvent]>([])
    var events: [RelayEvent] { list.withLock { $0 } }
    func add(_ event: RelayEvent) { list.withLock { $0.append(event) } }
  }

  private let told = Told()
  private let clock = ManualClock()

  private func relay(_ configuration: RelayConfiguration = .init(publisherGrace: .seconds(15))) -> Relay {
    Relay(
      configuration: configuration, clocks: clock.clocks,
      logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), onEvent: { [told] in told.add($0) })
  }

  @Test func aStreamStopsWhenItsPublisherDoesNotComeBackInTime() throws {
    let relay = relay()
    let first = try relay.claim(.default, peer: "phone 1") {}
    let sets = makeSets()
    first.publish(makePicture(key: true, size: 100, sets: sets), receivedAt: clock.now)
    first.end()
    clock.advance(by: .seconds(10))
    relay.tick()
    let second = try relay.claim(.default, peer: "phone 2") {}
    second.publish(makePicture(key: true, size: 50, sets: sets), receivedAt: clock.now)
    clock.advance(by: .seconds(60))
    relay.tick()
    #expect(told.events == [.streamStarted(.default, publisher: "phone 1")], "coming back in time is no new start")
    second.end()
    clock.advance(by: .seconds(15))
    relay.tick()
    relay.tick()
    let stop = StreamStop(reason: .publisherLeft, frames: 2, bytes: 150, duration: .seconds(85))
    #expect(
      told.events == [.streamStarted(.default, publisher: "phone 1"), .streamStopped(.default, stop)])
    _ = try relay.claim(.default, peer: "phone 3") {}
    #expect(told.events.last == .streamStarted(.default, publisher: "phone 3"))
  }

  @Test func shutdownStopsEachLiveStreamOnce() throws {
    let relay = relay()
    let lease = try relay.claim(.default, peer: "phone") {}
    _ = try relay.stream(#require(StreamName("waiting")))
    relay.shutdown()
    relay.shutdown()
    lease.end()
    clock.advance(by: .seconds(20))
    relay.tick()
    let stop = StreamStop(reason: .shutdown, frames: 0, bytes: 0, duration: .zero)
    #expect(told.events == [.streamStarted(.default, publisher: "phone"), .streamStopped(.default, stop)])
  }

  @Test func readersOutsideOfTheProcessAreTold() async throws {
    let relay = relay()
    let stream = try relay.stream(.default)
    let lease = try relay.claim(.default, peer: "phone") {}
    let loop = EmbeddedEventLoop()
    var options = ReaderOptions(transport: .websocket)
    options.peer = "10.0.0.7:4711"
    let web = LoopReader(stream: stream, options: options, eventLoop: loop, onAvailable: {}, onEnd: { _ in })
    let push = stream.reader(ReaderOptions(transport: .push))
    let inside = [ReaderTransport.recorder, .consumer].map { stream.reader(ReaderOptions(transport: $0)) }
    var probing = ReaderOptions(transport: .rtsp)
    probing.isProbe = true
    let probe = LoopReader(stream: stream, options: probing, eventLoop: loop, onAvailable: {}, onEnd: { _ in })

    for index in 0..<3 {
      lease.publish(makePicture(key: index == 0, sets: makeSets()), receivedAt: clock.now)
    }
    loop.run()
    while let delivery = web.next(at: clock.now) { web.sent(delivery, at: clock.now) }
    _ = try await push.next()
    clock.advance(by: .seconds(5))
    web.close()
    web.close()
    push.close()
    probe.close()
    for reader in inside { reader.close() }

    let webIdentity = ReaderIdentity(id: web.id, transport: .websocket, peer: "10.0.0.7:4711")
    let pushIdentity = ReaderIdentity(id: push.id, transport: .push, peer: nil)
    #expect(
      told.events.filter { if case .streamStarted = $0 { false } else { true } } == [
        .readerJoined(.default, webIdentity),
        .readerJoined(.default, pushIdentity),
        .readerLeft(
          .default, webIdentity, ReaderStop(reason: .closed, frames: 3, droppedFrames: 0, duration: .seconds(5))),
        .readerLeft(
          .default, pushIdentity, ReaderStop(reason: .closed, frames: 1, droppedFrames: 0, duration: .seconds(5))),
      ])
  }

  @Test func aReaderThatIsEndedLeavesForThatReason() throws {
    let relay = relay()
    let stream = try relay.stream(.default)
    let lease = try relay.claim(.default, peer: "phone") {}
    let limits = ReaderLimits(units: 1, bytes: 1_000_000)
    let slow = stream.reader(ReaderOptions(policy: .lossless, limits: limits, transport: .push))
    for index in 0..<4 { lease.publish(makePicture(key: index == 0, sets: makeSets()), receivedAt: clock.now) }
    slow.close()
    let reasons = told.events.compactMap { event -> String? in
      if case .readerLeft(_, _, let stop) = event { stop.reason.code } else { nil }
    }
    #expect(reasons == ["too_slow"])
  }

  private final class Holder: Sendable {
    let relay = Mutex<Relay?>(nil)
    let live = Mutex<[Int]>([])
  }

  @Test func aSinkMayUseTheRelay() throws {
    let holder = Holder()
    let relay = Relay(
      clocks: clock.clocks, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
      onEvent: { _ in
        let streams = holder.relay.withLock { $0 }?.streams() ?? []
        holder.live.withLock { $0.append(streams.filter { $0.snapshot().isLive }.count) }
      })
    holder.relay.withLock { $0 = relay }
    _ = try relay.claim(.default, peer: "phone") {}
    #expect(holder.live.withLock { $0 } == [1], "events come after what they tell of, outside of all locks")
    holder.relay.withLock { $0 = nil }
  }
}
