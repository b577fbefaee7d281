import CoreMetrics
import Metrics
import Observability
import Testing

@Suite struct MetricsFactoryTests {
  let registry = PrometheusRegistry()
  var factory: PrometheusMetricsFactory { PrometheusMetricsFactory(registry: registry) }

  func lines(_ prefix: String) -> [String] {
    registry.exposition().split(separator: "\n").map(String.init).filter { $0.hasPrefix(prefix) }
  }

  @Test func catalogueNamesShareTheirHandle() {
    Counter(label: "frames_dropped_total", dimensions: [], factory: factory).increment(by: 2)
    registry.counter(.framesDropped).increment()
    #expect(lines("frames_dropped_total") == ["frames_dropped_total 3"])
  }

  @Test func unlabelledCatalogueNamesIgnoreDimensions() {
    Counter(label: "frames_dropped_total", dimensions: [("stream", "drone")], factory: factory).increment()
    #expect(lines("frames_dropped_total") == ["frames_dropped_total 1"])
  }

  @Test func foreignNamesAreSanitized() {
    Counter(label: "hb.requests", dimensions: [("hb.uri", "/a"), ("hb.method", "GET")], factory: factory).increment()
    Metrics.Timer(label: "9.time", dimensions: [], factory: factory).recordNanoseconds(3_000_000)
    #expect(lines("hb_requests") == ["hb_requests_total{hb_method=\"GET\",hb_uri=\"/a\"} 1"])
    #expect(lines("__time_sum") == ["__time_sum 0.003"])
    #expect(lines("__time_bucket{le=\"0.005\"}") == ["__time_bucket{le=\"0.005\"} 1"])
    #expect(lines("__time_bucket{le=\"0.002\"}") == ["__time_bucket{le=\"0.002\"} 0"])
  }

  @Test func allInstrumentsReport() {
    FloatingPointCounter(label: "seconds", dimensions: [], factory: factory).increment(by: 0.5)
    Gauge(label: "gauge", dimensions: [], factory: factory).record(4)
    Meter(label: "meter", dimensions: [], factory: factory).increment(by: 2.5)
    Recorder(label: "sizes", dimensions: [], aggregate: true, factory: factory).record(1)
    #expect(lines("seconds_total") == ["seconds_total 0.5"])
    #expect(lines("gauge") == ["gauge 4"])
    #expect(lines("meter") == ["meter 2.5"])
    #expect(lines("sizes_count") == ["sizes_count 1"])
  }

  @Test func numberOfSeriesIsBounded() {
    for number in 0..<300 {
      Counter(label: "paths", dimensions: [("path", "\(number)")], factory: factory).increment()
    }
    #expect(lines("paths_total{").count == PrometheusRegistry.seriesLimit)
    #expect(
      lines("worldsystem_metrics_series_rejected_total") == ["worldsystem_metrics_series_rejected_total 44"])
  }

  @Test func anotherKindUnderTheSameNameIsRefused() {
    Meter(label: "worldsystem_relay_streams", dimensions: [], factory: factory).set(3.0)
    Recorder(label: "worldsystem_relay_streams", dimensions: [], aggregate: true, factory: factory).record(1)
    #expect(lines("worldsystem_relay_streams") == ["worldsystem_relay_streams 3"])
    #expect(lines("worldsystem_metrics_series_rejected_total").last?.hasSuffix(" 1") == true)
  }
}
