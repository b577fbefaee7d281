import Synchronization

/// A `Double` that many threads add to.
struct AtomicDouble: ~Copyable, Sendable {
  private let bits: Atomic<UInt64>

  init(_ value: Double = 0) { bits = Atomic(value.bitPattern) }

  var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

  func store(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

  func add(_ amount: Double) {
    var current = bits.load(ordering: .relaxed)
    while true {
      let next = (Double(bitPattern: current) + amount).bitPattern
      let (exchanged, original) = bits.weakCompareExchange(expected: current, desired: next, ordering: .relaxed)
      if exchanged { return }
      current = original
    }
  }
}

/// A fixed number of counters in one allocation.
// Safe because the pointer never changes, its cells are atomic, and they are freed only when nobody refers to them.
final class AtomicCounters: @unchecked Sendable {
  private let cells: UnsafeMutablePointer<Atomic<UInt64>>
  let count: Int

  init(count: Int) {
    self.count = count
    cells = .allocate(capacity: count)
    for index in 0..<count { (cells + index).initialize(to: Atomic(0)) }
  }

  deinit {
    cells.deinitialize(count: count)
    cells.deallocate()
  }

  /// - Precondition: `index` is in `0..<count`.
  func increment(_ index: Int) {
    precondition(index >= 0 && index < count, "counter index out of range")
    cells[index].wrappingAdd(1, ordering: .relaxed)
  }

  /// - Precondition: `index` is in `0..<count`.
  func load(_ index: Int) -> UInt64 {
    precondition(index >= 0 && index < count, "counter index out of range")
    return cells[index].load(ordering: .relaxed)
  }

  func reset() {
    for index in 0..<count { cells[index].store(0, ordering: .relaxed) }
  }
}
