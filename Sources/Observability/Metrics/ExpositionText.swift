/// Writes Prometheus text exposition format 0.0.4.
///
/// Source: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
struct ExpositionText {
  private(set) var text = ""

  /// Writes one family; nothing when it has no series.
  mutating func append(
    _ family: PrometheusRegistry.Family, collected: [PrometheusRegistry.SeriesKey: Double]
  ) {
    let keys = Set(family.series.keys).union(collected.keys).sorted {
      $0.values == $1.values
        ? $0.labels.lexicographicallyPrecedes($1.labels) : $0.values.lexicographicallyPrecedes($1.values)
    }
    guard !keys.isEmpty else { return }
    let name = family.definition.name
    if !family.definition.help.isEmpty { text += "# HELP \(name) \(Self.escapedHelp(family.definition.help))\n" }
    text += "# TYPE \(name) \(Self.typeName(family.definition.kind))\n"
    for key in keys {
      if let value = collected[key] {
        appendSample(name, key, value)
        continue
      }
      switch family.series[key] {
      case .counter(let counter): appendSample(name, key, counter.value)
      case .gauge(let gauge): appendSample(name, key, gauge.value)
      case .histogram(let histogram): appendHistogram(name, key, histogram.snapshot())
      case nil: break
      }
    }
  }

  private mutating func appendHistogram(
    _ name: String, _ key: PrometheusRegistry.SeriesKey, _ snapshot: PrometheusHistogram.Snapshot
  ) {
    var cumulative: UInt64 = 0
    for (index, count) in snapshot.counts.enumerated() {
      cumulative &+= count
      let bound = index < snapshot.bounds.count ? snapshot.bounds[index] : .infinity
      appendSample(name + "_bucket", key, Double(cumulative), upperBound: bound)
    }
    appendSample(name + "_sum", key, snapshot.sum)
    appendSample(name + "_count", key, Double(cumulative))
  }

  private mutating func appendSample(
    _ name: String, _ key: PrometheusRegistry.SeriesKey, _ value: Double, upperBound: Double? = nil
  ) {
    var pairs = zip(key.labels, key.values).map { "\($0)=\"\(Self.escapedLabelValue($1))\"" }
    if let upperBound { pairs.append("le=\"\(Self.number(upperBound))\"") }
    text += name
    if !pairs.isEmpty { text += "{" + pairs.joined(separator: ",") + "}" }
    text += " " + Self.number(value) + "\n"
  }

  static func typeName(_ kind: MetricDefinition.Kind) -> String {
    switch kind {
    case .counter: "counter"
    case .gauge: "gauge"
    case .histogram: "histogram"
    }
  }

  /// A number as Go's `ParseFloat` reads it; whole numbers without a fraction.
  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if value == value.rounded(), abs(value) < 9_007_199_254_740_992 { return String(Int64(value)) }
    return value.description
  }

  static func escapedHelp(_ text: String) -> String { escaped(text, quotes: false) }

  static func escapedLabelValue(_ text: String) -> String { escaped(text, quotes: true) }

  private static func escaped(_ text: String, quotes: Bool) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where quotes: result += "\\\""
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
