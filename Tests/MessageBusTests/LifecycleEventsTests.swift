import BusMessages
import Clocks
import MediaModel
import MessageBus
import Synchronization
import Testing

@Suite struct LifecycleEventsTests {
  private final class Clock: Sendable {
    private let nanos = Mutex<Int64>(0)
    func advance(_ duration: Nanoseconds) { nanos.withLock { $0 += duration.value } }
    var clocks: SystemClocks {
      SystemClocks(
        host: { HostTime(nanos: self.nanos.withLock { $0 }) },
        wall: { WallTime(nanosSince1970: 1_700_000_000_000_000_000 + self.nanos.withLock { $0 }) })
    }
  }

  private let clock = Clock()

  private func bodies(_ subscription: BusSubscription) async throws -> [LifecycleEvent] {
    subscription.close()
    return try await subscription.nextBatch().map { try LifecycleEvent($0.message.body) }
  }

  @Test func anEventHasTimeNodeAndAnIDOfItsOwn() async throws {
    let bus = InProcessBus()
    let subscription = bus.subscribe(SubscriptionRequest([.events]))
    let events = LifecycleEvents(node: "a", bus: bus, clocks: clock.clocks)
    let own = events.own.subscribe(SubscriptionRequest([.events]))
    events.emit(.streamStarted) { $0.stream = "drone" }
    clock.advance(.seconds(1))
    events.emit(.sessionEnded) { $0.frames = 7 }
    own.close()
    let ownMessages = await own.nextBatch()
    #expect(ownMessages.first?.message.headers == ["node": .text("a"), "stream": .text("drone")])
    #expect(ownMessages.first?.message.contentType == "application/json")
    let told = try await bodies(subscription)
    #expect(told == (try ownMessages.map { try LifecycleEvent($0.message.body) }))
    #expect(told.map(\.type) == [.streamStarted, .sessionEnded])
    #expect(told.map(\.node) == ["a", "a"])
    #expect(told.map(\.timestamp) == [1_700_000_000, 1_700_000_001])
    #expect(Set(told.map(\.id)).count == 2 && told.allSatisfy { $0.id.count == 36 })
  }

  @Test func aStormIsThinnedOutAndSaysSo() async throws {
    let bus = InProcessBus()
    let subscription = bus.subscribe(SubscriptionRequest([.events]))
    let events = LifecycleEvents(
      node: "a", bus: bus, clocks: clock.clocks, budget: EventBudget(burst: 3, perSecond: 2))
    for _ in 0..<10 { events.emit(.consumerJoined) }
    for _ in 0..<10 { events.emit(.sessionEnded) }
    clock.advance(.seconds(1))
    for _ in 0..<10 { events.emit(.consumerJoined) }
    events.emit(.consumerLeft)
    let told = try await bodies(subscription)
    #expect(told.count { $0.type == .sessionEnded } == 10, "no client can cause these")
    #expect(told.filter { $0.type == .consumerJoined }.map(\.suppressed) == [nil, nil, nil, 7, nil])
    #expect(told.last?.type == .consumerLeft, "each type has a budget of its own")
  }

  @Test func theBudgetFillsUpWithTime() {
    var budget = EventBudget(burst: 2, perSecond: 1)
    let start = HostTime(nanos: 0)
    #expect((0..<3).map { _ in budget.event(at: start) } == [0, 0, nil])
    #expect(budget.event(at: start.advanced(by: .milliseconds(999))) == nil)
    #expect(budget.event(at: start.advanced(by: .milliseconds(1_000))) == 2)
    let later = start.advanced(by: .seconds(1e9))
    #expect((0..<3).map { _ in budget.event(at: later) } == [0, 0, nil], "never more than the burst")
  }
}
