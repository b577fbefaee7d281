import Synchronization

/// Holds every metric of the process and writes them out for Prometheus.
///
/// Handles are created once, at the start or when a connection opens, under a lock; using a handle takes none.
/// Families of the catalogue without labels are exposed from the start, so a dashboard never lacks a series.
public final class PrometheusRegistry: Sendable {
  /// Series of one family that are exposed at most; what comes later is counted but not shown.
  public static let seriesLimit = 256

  /// Reads numbers that live elsewhere at the moment of a scrape.
  public typealias Collector = @Sendable (inout CollectedSamples) -> Void

  enum Instrument {
    case counter(PrometheusCounter)
    case gauge(PrometheusGauge)
    case histogram(PrometheusHistogram)
  }

  struct Family {
    var definition: MetricDefinition
    /// By label values in the order of the definition.
    var series: [SeriesKey: Instrument] = [:]
  }

  /// Label pairs of one series, in the order in which they are exposed.
  struct SeriesKey: Hashable {
    var labels: [String]
    var values: [String]
  }

  private struct State {
    var families: [String: Family] = [:]
    var collectors: [(id: UInt64, body: Collector)] = []
    var nextCollector: UInt64 = 1
  }

  private let state = Mutex(State())
  private let rejected = PrometheusCounter()

  /// - Parameter definitions: the families to expose from the start.
  public init(_ definitions: [MetricDefinition] = MetricsCatalogue.all) {
    for definition in definitions { register(definition) }
  }

  /// Makes a family known; its series appears at once when it has no labels. Registering twice changes nothing.
  public func register(_ definition: MetricDefinition) {
    state.withLock { state in
      guard state.families[definition.name] == nil else { return }
      var family = Family(definition: definition)
      if definition.labels.isEmpty { family.series[SeriesKey(labels: [], values: [])] = make(definition) }
      state.families[definition.name] = family
    }
  }

  private func make(_ definition: MetricDefinition) -> Instrument {
    switch definition.kind {
    case .counter: .counter(definition.name == MetricDefinition.seriesRejected.name ? rejected : PrometheusCounter())
    case .gauge: .gauge(PrometheusGauge())
    case .histogram(let buckets): .histogram(PrometheusHistogram(buckets: buckets))
    }
  }

  // MARK: Handles

  /// The counter for `definition` with these label values; the same object each time.
  /// - Parameter labels: values by label name; a missing or unknown value is reported as `other`.
  public func counter(_ definition: MetricDefinition, _ labels: [String: String] = [:]) -> PrometheusCounter {
    if case .counter(let counter) = instrument(definition, labels) { return counter }
    return PrometheusCounter()
  }

  /// The gauge for `definition` with these label values; the same object each time.
  public func gauge(_ definition: MetricDefinition, _ labels: [String: String] = [:]) -> PrometheusGauge {
    if case .gauge(let gauge) = instrument(definition, labels) { return gauge }
    return PrometheusGauge()
  }

  /// The histogram for `definition` with these label values; the same object each time.
  public func histogram(_ definition: MetricDefinition, _ labels: [String: String] = [:]) -> PrometheusHistogram {
    if case .histogram(let histogram) = instrument(definition, labels) { return histogram }
    return PrometheusHistogram(buckets: HistogramBuckets.latencySeconds)
  }

  private func instrument(_ definition: MetricDefinition, _ labels: [String: String]) -> Instrument {
    register(definition)
    return series(in: definition.name, kind: definition.kind) { $0.seriesKey(labels) } ?? make(definition)
  }

  /// The definition registered under `name`, if any.
  func definition(named name: String) -> MetricDefinition? { state.withLock { $0.families[name]?.definition } }

  /// - Returns: `nil`, counted, when the family is of another kind or has too many series.
  func series(
    in name: String, kind: MetricDefinition.Kind, key: (MetricDefinition) -> SeriesKey
  ) -> Instrument? {
    let found: Instrument? = state.withLock { state in
      guard let definition = state.families[name]?.definition, definition.kind.isSame(as: kind) else { return nil }
      let key = key(definition)
      if let existing = state.families[name]?.series[key] { return existing }
      guard (state.families[name]?.series.count ?? 0) < Self.seriesLimit else { return nil }
      let created = make(definition)
      state.families[name]?.series[key] = created
      return created
    }
    if found == nil { rejected.increment() }
    return found
  }

  // MARK: Collectors

  /// Has `body` called at each scrape, on the thread that scrapes; what it sets replaces the number of the handle
  /// of the same series.
  /// - Returns: a number for `removeCollector`.
  @discardableResult
  public func addCollector(_ body: @escaping Collector) -> UInt64 {
    state.withLock { state in
      let id = state.nextCollector
      state.nextCollector += 1
      state.collectors.append((id, body))
      return id
    }
  }

  /// Stops calling a collector.
  public func removeCollector(_ id: UInt64) { state.withLock { $0.collectors.removeAll { $0.id == id } } }

  // MARK: Scrape

  /// Everything in Prometheus text format 0.0.4, families by name and series by label values, so that two scrapes
  /// without a change between them are equal.
  public func exposition() -> String {
    let collectors = state.withLock { $0.collectors }
    var collected = CollectedSamples()
    for collector in collectors { collector.body(&collected) }
    for definition in collected.definitions { register(definition) }
    let families = state.withLock { $0.families.values.sorted { $0.definition.name < $1.definition.name } }
    var text = ExpositionText()
    for family in families { text.append(family, collected: collected.values[family.definition.name] ?? [:]) }
    return text.text
  }

  /// The content type of `exposition()`.
  public static let contentType = "text/plain; version=0.0.4; charset=utf-8"
}

extension MetricDefinition {
  /// Maps values given by name to the closed sets of this family.
  func seriesKey(_ given: [String: String]) -> PrometheusRegistry.SeriesKey {
    PrometheusRegistry.SeriesKey(
      labels: labels.map(\.name),
      values: labels.map { label in
        guard let value = given[label.name], label.values.contains(value) else { return "other" }
        return value
      })
  }
}

extension MetricDefinition.Kind {
  /// Whether both are counters, both gauges or both histograms.
  func isSame(as other: MetricDefinition.Kind) -> Bool {
    switch (self, other) {
    case (.counter, .counter), (.gauge, .gauge), (.histogram, .histogram): true
    case (.counter, _), (.gauge, _), (.histogram, _): false
    }
  }
}

/// The numbers that collectors report during one scrape.
public struct CollectedSamples {
  var values: [String: [PrometheusRegistry.SeriesKey: Double]] = [:]
  var definitions: Set<MetricDefinition> = []

  /// Reports a counter or gauge.
  /// - Precondition: `definition` is not a histogram, whose buckets only its handle knows.
  public mutating func set(_ definition: MetricDefinition, _ value: Double, _ labels: [String: String] = [:]) {
    if case .histogram = definition.kind { preconditionFailure("a collector cannot report a histogram") }
    definitions.insert(definition)
    values[definition.name, default: [:]][definition.seriesKey(labels)] = value
  }
}
