extension MetricsCatalogue {
  static let rerun: [MetricDefinition] = [
    .rerunConnected, .rerunMessages, .rerunBytes, .rerunEventsDropped,
  ]
}

extension MetricDefinition {
  public static let rerunConnected = MetricDefinition(
    "worldsystem_rerun_connected", "1 while a viewer of Rerun takes messages, else 0", .gauge)
  public static let rerunMessages = MetricDefinition(
    "worldsystem_rerun_messages_total", "Messages for viewers of Rerun", .counter)
  public static let rerunBytes = MetricDefinition(
    "worldsystem_rerun_bytes_total", "Bytes of messages for viewers of Rerun", .counter)
  public static let rerunEventsDropped = MetricDefinition(
    "worldsystem_rerun_events_dropped_total", "Frames, readings and results that a viewer of Rerun did not get",
    .counter, labels: [Label("reason", ["away", "too_slow"])])
}
