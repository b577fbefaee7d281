/// Who waits until messages are safe, as a value: events in, those who are done out.
package struct FlushWaiters<Waiter> {
  private struct Entry {
    var waiter: Waiter
    var id: Int
    var target: UInt64
    var lost = 0
  }

  private var entries: [Entry] = []
  private var nextID = 0

  package init() {}

  package var isEmpty: Bool { entries.isEmpty }

  /// - Parameter target: the number of the last message that must be safe.
  /// - Returns: what to leave by.
  package mutating func add(_ waiter: Waiter, target: UInt64) -> Int {
    nextID += 1
    entries.append(Entry(waiter: waiter, id: nextID, target: target))
    return nextID
  }

  package mutating func remove(_ id: Int) -> Waiter? {
    guard let index = entries.firstIndex(where: { $0.id == id }) else { return nil }
    return entries.remove(at: index).waiter
  }

  /// Messages were dropped.
  package mutating func dropped(_ sequences: [UInt64]) {
    guard !entries.isEmpty else { return }
    for sequence in sequences {
      for index in entries.indices where entries[index].target >= sequence { entries[index].lost += 1 }
    }
  }

  /// Everything before `firstUnsafe` is safe or lost; `nil`: everything is.
  /// - Returns: who is done, with how much was lost.
  package mutating func settled(before firstUnsafe: UInt64?) -> [(waiter: Waiter, lost: Int)] {
    let done = entries.filter { $0.target < firstUnsafe ?? .max }
    entries.removeAll { $0.target < firstUnsafe ?? .max }
    return done.map { ($0.waiter, $0.lost) }
  }
}
