import MediaModel
import Metrics
import ObjectViews

/// The metrics of identification. Handles are made once.
final class IdentificationMetrics: Sendable {
  /// What became of an object; a closed set.
  enum Outcome: String, CaseIterable {
    case identified, cached, failed
    /// It looked like nothing that the APIs know.
    case unknown
    /// Too many waited.
    case dropped
    case overBudget = "over_budget"
  }

  /// What became of a request.
  enum RequestOutcome: String, CaseIterable {
    case answered, retried, refused, malformed
    case gaveUp = "gave_up"
  }

  private let objects: [Outcome: Counter]
  private let requests: [APIKind: [RequestOutcome: Counter]]
  private let queue = Gauge(label: "worldsystem_identification_queue_objects")
  private let seconds = Metrics.Timer(label: "worldsystem_identification_request_seconds")
  private let cost = Gauge(label: "worldsystem_identification_cost_today")
  private let enhancement = Metrics.Timer(label: "worldsystem_identification_enhancement_seconds")
  private let views = Counter(label: "worldsystem_identification_enhancements_dropped_total")

  private let viewsTaken = Counter(
    label: "worldsystem_identification_views_total", dimensions: [("outcome", "kept")])
  private let viewsRejected: [ObjectViewKeeper.Rejection: Counter]
  private let objectsForgotten = Counter(label: "worldsystem_identification_objects_forgotten_total")

  init() {
    viewsRejected = Dictionary(
      uniqueKeysWithValues: ObjectViewKeeper.Rejection.allCases.map {
        ($0, Counter(label: "worldsystem_identification_views_total", dimensions: [("outcome", $0.rawValue)]))
      })
    objects = Dictionary(
      uniqueKeysWithValues: Outcome.allCases.map {
        ($0, Counter(label: "worldsystem_identification_objects_total", dimensions: [("outcome", $0.rawValue)]))
      })
    requests = Dictionary(
      uniqueKeysWithValues: APIKind.allCases.map { kind in
        let counters = RequestOutcome.allCases.map { outcome in
          let labels = [("api", kind.rawValue), ("outcome", outcome.rawValue)]
          return (outcome, Counter(label: "worldsystem_identification_requests_total", dimensions: labels))
        }
        return (kind, Dictionary(uniqueKeysWithValues: counters))
      })
  }

  func count(_ outcome: Outcome, _ objects: Int = 1) {
    if objects > 0 { self.objects[outcome]?.increment(by: objects) }
  }
  func count(_ kind: APIKind, _ outcome: RequestOutcome) { requests[kind]?[outcome]?.increment() }
  func recordRequest(_ duration: Nanoseconds) { seconds.recordNanoseconds(max(0, duration.value)) }
  func recordQueue(_ objects: Int) { queue.record(objects) }
  func recordCost(_ today: Double) { cost.record(today) }
  func recordEnhancement(_ duration: Nanoseconds) { enhancement.recordNanoseconds(max(0, duration.value)) }
  /// What a keeper did with one frame.
  func countViews(from before: ObjectViewKeeper.Counts, to after: ObjectViewKeeper.Counts) {
    if after.kept > before.kept { viewsTaken.increment(by: after.kept - before.kept) }
    for reason in ObjectViewKeeper.Rejection.allCases {
      let new = after.rejected(reason) - before.rejected(reason)
      if new > 0 { viewsRejected[reason]?.increment(by: new) }
    }
    let dropped = after.objectsDropped - before.objectsDropped
    if dropped > 0 { objectsForgotten.increment(by: dropped) }
  }

  func countDroppedEnhancement() { views.increment() }
}
