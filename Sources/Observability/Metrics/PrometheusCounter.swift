import Synchronization

/// A number that only grows. Whole amounts cost one atomic add; fractions are summed beside them.
public final class PrometheusCounter: Sendable {
  private let whole = Atomic<UInt64>(0)
  private let fraction = AtomicDouble()

  package init() {}

  /// Adds `amount`; a negative amount is ignored, since a counter never falls.
  public func add(_ amount: Int) {
    guard amount > 0 else { return }
    whole.wrappingAdd(UInt64(amount), ordering: .relaxed)
  }

  /// Adds one.
  public func increment() { whole.wrappingAdd(1, ordering: .relaxed) }

  /// Adds `amount`; one that is negative or not finite is ignored.
  public func add(fraction amount: Double) {
    guard amount > 0, amount.isFinite else { return }
    fraction.add(amount)
  }

  /// Starts from zero again.
  func reset() {
    whole.store(0, ordering: .relaxed)
    fraction.store(0)
  }

  /// The sum so far.
  public var value: Double { Double(whole.load(ordering: .relaxed)) + fraction.value }
}
