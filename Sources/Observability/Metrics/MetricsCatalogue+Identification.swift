extension MetricsCatalogue {
  static let identification: [MetricDefinition] = [
    .identificationObjects, .identificationRequests, .identificationQueue, .identificationSeconds,
    .identificationCost, .identificationViews, .identificationObjectsForgotten,
    .identificationEnhancementSeconds, .identificationEnhancementsDropped,
  ]
}

extension MetricDefinition {
  public static let identificationObjects = MetricDefinition(
    "worldsystem_identification_objects_total", "Objects that were to be identified, by what became of them", .counter,
    labels: [Label("outcome", ["identified", "cached", "failed", "unknown", "dropped", "over_budget"])])
  public static let identificationRequests = MetricDefinition(
    "worldsystem_identification_requests_total",
    "Requests to APIs by what became of them: tries that failed count as retried but for the last", .counter,
    labels: [
      Label("api", ["vision", "google_lens", "dimensions"]),
      Label("outcome", ["answered", "retried", "refused", "malformed", "gave_up"]),
    ])
  public static let identificationQueue = MetricDefinition(
    "worldsystem_identification_queue_objects", "Objects that wait to be identified", .gauge)
  public static let identificationSeconds = MetricDefinition(
    "worldsystem_identification_request_seconds", "Time that an API takes for one request, failed ones included",
    .histogram(buckets: HistogramBuckets.latencySeconds))
  public static let identificationCost = MetricDefinition(
    "worldsystem_identification_cost_today", "What the requests of this day of UTC are estimated to cost", .gauge)
  public static let identificationViews = MetricDefinition(
    "worldsystem_identification_views_total", "Views of objects, kept or left out by reason", .counter,
    labels: [Label("outcome", ["kept", "unseen", "small", "blurred", "exposure"])])
  public static let identificationObjectsForgotten = MetricDefinition(
    "worldsystem_identification_objects_forgotten_total",
    "Objects whose views went since there were too many objects or bytes", .counter)
  public static let identificationEnhancementSeconds = MetricDefinition(
    "worldsystem_identification_enhancement_seconds", "Time that making views of an object into one picture takes",
    .histogram(buckets: HistogramBuckets.latencySeconds))
  public static let identificationEnhancementsDropped = MetricDefinition(
    "worldsystem_identification_enhancements_dropped_total", "Objects left out since too many waited to be enhanced",
    .counter)
}
