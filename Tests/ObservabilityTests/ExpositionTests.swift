import CoreMetrics
import Observability
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct ExpositionTests {
  static let reasons = MetricDefinition.Label("reason", ["short", "oversized"])
  static let transports = MetricDefinition.Label("transport", ["websocket", "rtsp"])

  @Test func catalogueIsExposedFromTheStart() {
    let registry = PrometheusRegistry()
    #expect(Golden.difference(between: registry.exposition(), and: "catalogue.prom") == nil)
  }

  @Test func namesOfExistingDashboardsHaveUnlabelledSeries() {
    let lines = PrometheusRegistry().exposition().split(separator: "\n")
    for name in [
      "h264_consumers_connected", "h264_frames_relayed_total", "h264_bytes_relayed_total", "video_bandwidth_mbps",
      "consumer_queue_size", "consumer_frames_dropped_total", "rtsp_server_healthy", "rtsp_queue_size",
      "rtsp_restarts_total", "frames_dropped_total", "frames_processed_total",
    ] {
      #expect(lines.contains("\(name) 0"))
    }
  }

  @Test func allKindsInOrder() {
    let registry = PrometheusRegistry([])
    let dropped = MetricDefinition(
      "z_dropped_total", "Dropped", .counter, labels: [Self.transports, Self.reasons])
    registry.counter(dropped, ["transport": "websocket", "reason": "short"]).add(3)
    registry.counter(dropped, ["reason": "oversized", "transport": "rtsp"]).increment()
    registry.gauge(MetricDefinition("a_level", "Level\nof \\ \"water\"", .gauge)).set(-1.5)
    let age = registry.histogram(
      MetricDefinition("m_age_seconds", "Age", .histogram(buckets: [0.5, 0.001, 2]), labels: [Self.transports]),
      ["transport": "rtsp"])
    for value in [0.0005, 0.001, 0.25, 1, 1, 60] { age.record(value) }
    #expect(
      registry.exposition() == """
        # HELP a_level Level\\nof \\\\ "water"
        # TYPE a_level gauge
        a_level -1.5
        # HELP m_age_seconds Age
        # TYPE m_age_seconds histogram
        m_age_seconds_bucket{transport="rtsp",le="0.001"} 2
        m_age_seconds_bucket{transport="rtsp",le="0.5"} 3
        m_age_seconds_bucket{transport="rtsp",le="2"} 5
        m_age_seconds_bucket{transport="rtsp",le="+Inf"} 6
        m_age_seconds_sum{transport="rtsp"} 62.2515
        m_age_seconds_count{transport="rtsp"} 6
        # HELP z_dropped_total Dropped
        # TYPE z_dropped_total counter
        z_dropped_total{transport="rtsp",reason="oversized"} 1
        z_dropped_total{transport="websocket",reason="short"} 3

        """)
  }

  @Test func valuesOutsideTheClosedSetBecomeOther() {
    let registry = PrometheusRegistry([])
    let dropped = MetricDefinition("dropped_total", "", .counter, labels: [Self.reasons])
    registry.counter(dropped, ["reason": "a\"b"]).increment()
    registry.counter(dropped).increment()
    #expect(registry.exposition() == "# TYPE dropped_total counter\ndropped_total{reason=\"other\"} 2\n")
  }

  @Test func labelValuesAreEscaped() {
    let registry = PrometheusRegistry([])
    PrometheusMetricsFactory(registry: registry)
      .makeMeter(label: "x", dimensions: [("path", "C:\\a\"b\nc")]).set(1.0)
    #expect(registry.exposition() == "# TYPE x gauge\nx{path=\"C:\\\\a\\\"b\\nc\"} 1\n")
  }

  @Test(arguments: [
    (0.0, "0"), (-0.25, "-0.25"), (1e15, "1000000000000000"), (1e16, "1e+16"), (0.00001, "1e-05"),
    (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
  ])
  func numbers(value: Double, text: String) {
    let registry = PrometheusRegistry([])
    registry.gauge(MetricDefinition("x", "", .gauge)).set(value)
    #expect(registry.exposition() == "# TYPE x gauge\nx \(text)\n")
  }

  @Test func collectorsReplaceHandlesAndCanBeRemoved() {
    let registry = PrometheusRegistry([])
    let level = MetricDefinition("level", "", .gauge)
    registry.gauge(level).set(1)
    let id = registry.addCollector { $0.set(level, 7) }
    #expect(registry.exposition().contains("level 7\n"))
    registry.removeCollector(id)
    #expect(registry.exposition().contains("level 1\n"))
  }

  @Test func collectorsReportLabelledSeries() {
    let registry = PrometheusRegistry([])
    let readers = MetricDefinition("readers", "", .gauge, labels: [Self.transports])
    registry.addCollector { samples in
      samples.set(readers, 2, ["transport": "websocket"])
      samples.set(readers, 1, ["transport": "rtsp"])
    }
    #expect(
      registry.exposition()
        == "# TYPE readers gauge\nreaders{transport=\"rtsp\"} 1\nreaders{transport=\"websocket\"} 2\n")
  }

  @Test func processMetricsAreAlive() throws {
    let registry = PrometheusRegistry([])
    ProcessMetrics.install(in: registry)
    let text = registry.exposition()
    #expect(text.contains("# TYPE process_cpu_seconds_total counter"))
    #if os(Linux)
      #expect(try #require(ProcessMetrics.residentMemoryBytes()) > 1 << 20)
      #expect(try #require(ProcessMetrics.openFileCount()) >= 1)
      var now = timespec()
      clock_gettime(CLOCK_REALTIME, &now)
      let age = Double(now.tv_sec) + Double(now.tv_nsec) / 1e9 - (try #require(ProcessMetrics.startTimeSeconds()))
      // Ticks are hundredths of a second.
      #expect(age > -0.1 && age < 86_400)
    #endif
  }
}
