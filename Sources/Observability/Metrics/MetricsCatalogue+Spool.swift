extension MetricsCatalogue {
  static let spool: [MetricDefinition] = [.spoolMessages, .spoolBytes, .spoolMessagesDropped]
}

extension MetricDefinition {
  public static let spoolMessages = MetricDefinition(
    "worldsystem_spool_messages", "Messages on disk that wait for the broker", .gauge)
  public static let spoolBytes = MetricDefinition(
    "worldsystem_spool_bytes", "Bytes on disk of messages that wait for the broker", .gauge)
  public static let spoolMessagesDropped = MetricDefinition(
    "worldsystem_spool_messages_dropped_total", "Messages for which the spool had no room, by how much they matter",
    .counter, labels: [Label("precedence", ["bulk", "essential"])])
}
