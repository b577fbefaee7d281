public import CoreMetrics
import MediaModel

/// Lets libraries report through swift-metrics into a registry.
///
/// A name in the catalogue gets its help text, buckets and closed label sets from there. Another name becomes a
/// family of its own, with the characters Prometheus does not allow replaced by `_`, and with the labels as given.
public struct PrometheusMetricsFactory: MetricsFactory, Sendable {
  private let registry: PrometheusRegistry

  public init(registry: PrometheusRegistry) { self.registry = registry }

  public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    CounterAdapter(counter(label, dimensions))
  }

  public func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler {
    CounterAdapter(counter(label, dimensions))
  }

  public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    GaugeAdapter(gauge(label, dimensions))
  }

  public func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler {
    aggregate ? HistogramAdapter(histogram(label, dimensions)) : GaugeAdapter(gauge(label, dimensions))
  }

  public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    HistogramAdapter(histogram(label, dimensions))
  }

  // Series stay for the life of the process: Prometheus wants a counter to go on where it was.
  public func destroyCounter(_ handler: any CounterHandler) {}
  public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
  public func destroyMeter(_ handler: any MeterHandler) {}
  public func destroyRecorder(_ handler: any RecorderHandler) {}
  public func destroyTimer(_ handler: any TimerHandler) {}

  private func counter(_ label: String, _ dimensions: [(String, String)]) -> PrometheusCounter {
    if case .counter(let counter) = instrument(label, dimensions, .counter) { return counter }
    return PrometheusCounter()
  }

  private func gauge(_ label: String, _ dimensions: [(String, String)]) -> PrometheusGauge {
    if case .gauge(let gauge) = instrument(label, dimensions, .gauge) { return gauge }
    return PrometheusGauge()
  }

  private func histogram(_ label: String, _ dimensions: [(String, String)]) -> PrometheusHistogram {
    let kind = MetricDefinition.Kind.histogram(buckets: HistogramBuckets.latencySeconds)
    if case .histogram(let histogram) = instrument(label, dimensions, kind) { return histogram }
    return PrometheusHistogram(buckets: HistogramBuckets.latencySeconds)
  }

  private func instrument(
    _ label: String, _ dimensions: [(String, String)], _ kind: MetricDefinition.Kind
  ) -> PrometheusRegistry.Instrument? {
    if registry.definition(named: label)?.kind.isSame(as: kind) == true {
      let labels = Dictionary(dimensions, uniquingKeysWith: { _, last in last })
      return registry.series(in: label, kind: kind) { $0.seriesKey(labels) }
    }
    var name = Self.sanitized(label, allowsColon: true)
    if case .counter = kind, !name.hasSuffix("_total") { name += "_total" }
    var labels: [String: String] = [:]
    for (key, value) in dimensions { labels[Self.sanitized(key, allowsColon: false)] = value }
    let names = labels.keys.sorted()
    let values = names.map { labels[$0] ?? "" }
    if registry.definition(named: name) == nil {
      registry.register(MetricDefinition(name, "", kind, labels: names.map { .init($0, []) }))
    }
    return registry.series(in: name, kind: kind) { _ in
      PrometheusRegistry.SeriesKey(labels: names, values: values)
    }
  }

  /// `text` with what Prometheus does not allow in names replaced by `_`.
  static func sanitized(_ text: String, allowsColon: Bool) -> String {
    var result = ""
    for (index, scalar) in text.unicodeScalars.enumerated() {
      let isAllowed =
        switch scalar {
        case "a"..."z", "A"..."Z", "_": true
        case "0"..."9": index > 0
        case ":": allowsColon
        default: false
        }
      result.unicodeScalars.append(isAllowed ? scalar : "_")
    }
    return result.isEmpty ? "_" : result
  }
}

private final class CounterAdapter: CounterHandler, FloatingPointCounterHandler, Sendable {
  private let counter: PrometheusCounter

  init(_ counter: PrometheusCounter) { self.counter = counter }

  func increment(by amount: Int64) { counter.add(Int(amount)) }
  func increment(by amount: Double) { counter.add(fraction: amount) }
  func reset() { counter.reset() }
}

/// A meter, and a recorder without aggregation, which is a gauge too.
private final class GaugeAdapter: MeterHandler, RecorderHandler, Sendable {
  private let gauge: PrometheusGauge

  init(_ gauge: PrometheusGauge) { self.gauge = gauge }

  func set(_ value: Int64) { gauge.set(Double(value)) }
  func set(_ value: Double) { gauge.set(value) }
  func increment(by amount: Double) { gauge.increment(by: amount) }
  func decrement(by amount: Double) { gauge.decrement(by: amount) }
  func record(_ value: Int64) { gauge.set(Double(value)) }
  func record(_ value: Double) { gauge.set(value) }
}

/// Timers record nanoseconds, and are exposed in seconds.
private final class HistogramAdapter: RecorderHandler, TimerHandler, Sendable {
  private let histogram: PrometheusHistogram

  init(_ histogram: PrometheusHistogram) { self.histogram = histogram }

  func record(_ value: Int64) { histogram.record(Double(value)) }
  func record(_ value: Double) { histogram.record(value) }
  func recordNanoseconds(_ duration: Int64) { histogram.record(Nanoseconds(duration)) }
}
