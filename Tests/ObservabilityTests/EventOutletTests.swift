import Observability
import Synchronization
import Testing

/// A number that tasks share.
private final class Counter: Sendable {
  let number = Mutex(0)
}

@Suite struct EventOutletTests {
  @Test func eventsComeInTheOrderInWhichTheyWereNoted() async {
    let seen = Mutex<[Int]>([])
    let outlet = EventOutlet<Int> { event in seen.withLock { $0.append(event) } }
    let counter = Counter()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          for _ in 0..<500 {
            counter.number.withLock { number in
              number += 1
              outlet.note(number)
            }
            outlet.deliver()
          }
        }
      }
    }
    #expect(seen.withLock { $0 } == Array(1...2_000))
    #expect(outlet.lost == 0)
  }

  @Test func anEventOfTheSinkItselfComesAfterwards() {
    let seen = Mutex<[Int]>([])
    let holder = Mutex<EventOutlet<Int>?>(nil)
    let outlet = EventOutlet<Int> { event in
      seen.withLock { $0.append(event) }
      guard event < 3, let outlet = holder.withLock({ $0 }) else { return }
      outlet.note(event + 1)
      outlet.deliver()
    }
    holder.withLock { $0 = outlet }
    outlet.note(1)
    outlet.deliver()
    #expect(seen.withLock { $0 } == [1, 2, 3])
    holder.withLock { $0 = nil }
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
