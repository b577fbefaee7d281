import MediaModel
import Observability
import Testing

@Suite struct PrometheusInstrumentTests {
  func histogram(_ buckets: [Double]) -> PrometheusHistogram {
    PrometheusRegistry([]).histogram(MetricDefinition("h", "", .histogram(buckets: buckets)))
  }

  @Test func counterIgnoresWhatWouldMakeItFall() {
    let counter = PrometheusRegistry([]).counter(MetricDefinition("c_total", "", .counter))
    counter.add(2)
    counter.add(-1)
    counter.add(fraction: -0.5)
    counter.add(fraction: .nan)
    counter.add(fraction: 0.25)
    #expect(counter.value == 2.25)
  }

  @Test func boundsAreInclusive() {
    let histogram = histogram([1, 2, 4])
    for value in [-1.0, 1, 1.5, 2, 4, 4.5, .infinity] { histogram.record(value) }
    histogram.record(.nan)
    #expect(histogram.snapshot().counts == [2, 2, 1, 2])
  }

  @Test func bucketsAreSortedAndUnique() {
    #expect(histogram([2, 1, 2, .infinity, .nan]).bounds == [1, 2])
  }

  @Test func nanosecondsAreSeconds() {
    let histogram = histogram(HistogramBuckets.latencySeconds)
    histogram.record(Nanoseconds(500_000))
    #expect(histogram.snapshot().counts[0] == 1)
    #expect(histogram.snapshot().sum == 0.0005)
  }

  @Test func quantiles() throws {
    let histogram = histogram([10, 20, 40])
    #expect(histogram.snapshot().quantile(0.5) == nil)
    for value in 1...40 { histogram.record(Double(value)) }
    #expect(histogram.snapshot().quantile(0.5) == 20)
    #expect(histogram.snapshot().quantile(0.75) == 30)
    #expect(histogram.snapshot().quantile(0) == 0)
    for _ in 0..<1000 { histogram.record(99.0) }
    #expect(histogram.snapshot().quantile(0.99) == 40)
  }

  @Test func nothingIsLostBetweenThreads() async {
    let registry = PrometheusRegistry([])
    let counter = registry.counter(MetricDefinition("c_total", "", .counter))
    let gauge = registry.gauge(MetricDefinition("g", "", .gauge))
    let histogram = registry.histogram(MetricDefinition("h", "", .histogram(buckets: [1])))
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          for _ in 0..<5000 {
            counter.increment()
            gauge.increment()
            histogram.record(0.5)
          }
        }
      }
    }
    #expect(counter.value == 20_000)
    #expect(gauge.value == 20_000)
    #expect(histogram.snapshot() == .init(bounds: [1], counts: [20_000, 0], sum: 10_000))
  }
}
