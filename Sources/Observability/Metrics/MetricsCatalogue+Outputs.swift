extension MetricsCatalogue {
  static let outputs: [MetricDefinition] = [
    .sessionLogMessages, .sessionLogBytes, .sessionLogMessagesMissed, .foxgloveClients, .foxgloveMessages,
    .foxgloveMessagesDropped,
  ]
}

// MARK: Sessions as files, and viewers of others

extension MetricDefinition {
  public static let sessionLogMessages = MetricDefinition(
    "worldsystem_session_log_messages_total", "Messages written to session files", .counter)
  public static let sessionLogBytes = MetricDefinition(
    "worldsystem_session_log_bytes_total", "Bytes written to session files", .counter)
  public static let sessionLogMessagesMissed = MetricDefinition(
    "worldsystem_session_log_messages_missed_total", "Messages that are not in their session file", .counter,
    labels: [Label("reason", ["too_slow", "disk", "too_large"])])
  public static let foxgloveClients = MetricDefinition(
    "worldsystem_foxglove_clients", "Clients of live streams by Foxglove's protocol", .gauge)
  public static let foxgloveMessages = MetricDefinition(
    "worldsystem_foxglove_messages_total", "Messages sent by Foxglove's protocol", .counter)
  public static let foxgloveMessagesDropped = MetricDefinition(
    "worldsystem_foxglove_messages_dropped_total", "Messages that clients were too slow for", .counter)
}
