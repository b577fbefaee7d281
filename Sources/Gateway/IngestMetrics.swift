import Metrics
import PhoneProtocol

/// Counters of what publishers send.
final class IngestMetrics: Sendable {
  private let rejectedByReason: [String: Counter]

  init() {
    rejectedByReason = Dictionary(
      uniqueKeysWithValues: PublisherReject.reasons.map {
        ($0, Counter(label: "worldsystem_ingest_packets_rejected_total", dimensions: [("reason", $0)]))
      })
  }

  func rejected(_ reject: PublisherReject) { rejectedByReason[reject.reason]?.increment() }
}
