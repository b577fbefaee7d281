/// A number that goes up and down.
public final class PrometheusGauge: Sendable {
  private let number = AtomicDouble()

  package init() {}

  /// The number now.
  public var value: Double { number.value }

  /// Replaces the number.
  public func set(_ value: Double) { number.store(value) }

  /// Adds `amount`.
  public func increment(by amount: Double = 1) { number.add(amount) }

  /// Takes `amount` away.
  public func decrement(by amount: Double = 1) { number.add(-amount) }
}
