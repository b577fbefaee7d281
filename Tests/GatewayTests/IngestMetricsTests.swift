import Observability
import PhoneProtocol
import Testing

@Suite struct IngestMetricsTests {
  @Test func everyReasonHasASeriesOfItsOwn() throws {
    let label = try #require(MetricDefinition.ingestPacketsRejected.labels.first { $0.name == "reason" })
    #expect(Set(label.values) == Set(PublisherReject.reasons))
  }
}
