import MediaModel
import Metrics
import Synchronization

/// The metrics of all endpoints. Handles are made once.
final class WebhookMetrics: Sendable {
  /// What became of an event or a try; a closed set.
  enum Outcome: String, CaseIterable {
    case delivered, retried, refused, expired, gone
    /// Too many waited.
    case dropped
  }

  private let deliveries: [Outcome: Counter]
  private let queue = Gauge(label: "worldsystem_webhook_queue_events")
  private let seconds = Metrics.Timer(label: "worldsystem_webhook_request_seconds")
  private let waiting = Atomic<Int>(0)

  init() {
    deliveries = Dictionary(
      uniqueKeysWithValues: Outcome.allCases.map {
        ($0, Counter(label: "worldsystem_webhook_deliveries_total", dimensions: [("outcome", $0.rawValue)]))
      })
  }

  func count(_ outcome: Outcome, _ events: Int = 1) {
    if events > 0 { deliveries[outcome]?.increment(by: events) }
  }

  func recordRequest(_ duration: Nanoseconds) { seconds.recordNanoseconds(max(0, duration.value)) }

  /// The number of events that wait changed by so many.
  func changeQueue(by events: Int) {
    queue.record(waiting.add(events, ordering: .relaxed).newValue)
  }
}
