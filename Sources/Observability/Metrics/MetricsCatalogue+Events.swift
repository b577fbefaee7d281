extension MetricsCatalogue {
  static let events: [MetricDefinition] = [
    .eventsEmitted, .eventsSuppressed, .webhookDeliveries, .webhookQueue, .webhookSeconds, .tracingSpans,
  ]

  static let eventTypes = MetricDefinition.Label(
    "type",
    [
      "stream_started", "stream_stopped", "consumer_joined", "consumer_left", "recording_segment_closed",
      "session_ended", "phone_connected", "phone_disconnected",
    ])
}

extension MetricDefinition {
  public static let eventsEmitted = MetricDefinition(
    "worldsystem_events_emitted_total", "Lifecycle events told, by type", .counter,
    labels: [MetricsCatalogue.eventTypes])
  public static let eventsSuppressed = MetricDefinition(
    "worldsystem_events_suppressed_total", "Lifecycle events left out since they came too fast, by type", .counter,
    labels: [MetricsCatalogue.eventTypes])
  public static let webhookDeliveries = MetricDefinition(
    "worldsystem_webhook_deliveries_total",
    "What became of events for webhooks: tries that failed count as retried, events that are given up as the rest",
    .counter, labels: [Label("outcome", ["delivered", "retried", "refused", "expired", "gone", "dropped"])])
  public static let webhookQueue = MetricDefinition(
    "worldsystem_webhook_queue_events", "Events that wait for webhooks, of all endpoints", .gauge)
  public static let webhookSeconds = MetricDefinition(
    "worldsystem_webhook_request_seconds", "Time that an endpoint takes for one request, failed ones included",
    .histogram(buckets: HistogramBuckets.latencySeconds))
  public static let tracingSpans = MetricDefinition(
    "worldsystem_tracing_spans_total",
    "Spans by what became of them: dropped ones found the queue full, failed ones were not taken by the collector",
    .counter, labels: [Label("outcome", ["exported", "dropped", "failed"])])
}
