import Metrics

/// Counts connections and requests that were turned away.
final class RejectionMetrics: Sendable {
  /// Why; a closed set, for the label.
  enum Reason: String, CaseIterable {
    case totalLimit = "total_limit"
    case addressLimit = "address_limit"
    case token
    case origin
    case publisherTaken = "publisher_taken"
    case malformed
  }

  private let counters: [Reason: Counter]

  init() {
    counters = Dictionary(
      uniqueKeysWithValues: Reason.allCases.map {
        ($0, Counter(label: "worldsystem_gateway_connections_rejected_total", dimensions: [("reason", $0.rawValue)]))
      })
  }

  func count(_ reason: Reason) { counters[reason]?.increment() }
}
