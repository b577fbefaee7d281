import Observability
import Synchronization
import Testing

@Suite struct EventOutletTests {
  /// What a sink got, in order.
  private final class Seen: Sendable {
    private let list = Mutex<[Int]>([])
    var events: [Int] { list.withLock { $0 } }
    func add(_ event: Int) { list.withLock { $0.append(event) } }
  }

  private final class Holder: Sendable {
    let outlet = Mutex<EventOutlet<Int>?>(nil)
  }

  /// Something whose changes are told.
  private final class Counter: Sendable {
    private let number = Mutex(0)
    let outlet: EventOutlet<Int>

    init(_ sink: @escaping @Sendable (Int) -> Void) { outlet = EventOutlet(sink) }

    func count() {
      number.withLock { number in
        number += 1
        outlet.note(number)
      }
      outlet.deliver()
    }
  }

  @Test func eventsComeInTheOrderInWhichTheyWereNoted() async {
    let seen = Seen()
    let counter = Counter { seen.add($0) }
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask { for _ in 0..<500 { counter.count() } }
      }
    }
    #expect(seen.events == Array(1...2_000))
    #expect(counter.outlet.lost == 0)
  }

  @Test func anEventOfTheSinkItselfComesAfterwards() {
    let seen = Seen()
    let holder = Holder()
    let outlet = EventOutlet<Int> { event in
      seen.add(event)
      guard event < 3 else { return }
      holder.outlet.withLock { $0 }?.note(event + 1)
      holder.outlet.withLock { $0 }?.deliver()
    }
    holder.outlet.withLock { $0 = outlet }
    outlet.note(1)
    outlet.deliver()
    #expect(seen.events == [1, 2, 3])
    holder.outlet.withLock { $0 = nil }
  }

  @Test func withoutASinkNothingIsMade() {
    let outlet = EventOutlet<Int>(nil)
    var made = 0
    func make() -> Int {
      made += 1
      return made
    }
    outlet.note(make())
    outlet.deliver()
    #expect(made == 0)
  }
}
