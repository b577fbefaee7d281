extension MetricsCatalogue {
  private static let connections = MetricDefinition.Label("connection", ["publisher", "consumer"])

  static func busConnection(_ name: String, _ help: String, _ kind: MetricDefinition.Kind) -> MetricDefinition {
    MetricDefinition(name, help, kind, labels: [connections])
  }
}

extension MetricDefinition {
  public static let busConnected = MetricsCatalogue.busConnection(
    "worldsystem_bus_connected", "1 while the connection to the broker works, else 0", .gauge)
  public static let busConnectionsLost = MetricsCatalogue.busConnection(
    "worldsystem_bus_connections_lost_total", "Times that a connection to the broker was lost", .counter)
  public static let busConfirms = MetricDefinition(
    "worldsystem_bus_confirms_total", "Messages that the broker confirmed", .counter)
  public static let busRejects = MetricDefinition(
    "worldsystem_bus_rejects_total", "Times that the broker rejected a message", .counter)
  public static let busRepublished = MetricDefinition(
    "worldsystem_bus_republished_total", "Messages sent again that may have been delivered before", .counter)
  public static let busUnconfirmed = MetricDefinition(
    "worldsystem_bus_unconfirmed", "Messages that were sent and are not confirmed yet", .gauge)
  public static let busWaiting = MetricDefinition(
    "worldsystem_bus_waiting_messages", "Messages that wait in memory to be sent", .gauge)
  public static let busConfirmTime = MetricDefinition(
    "worldsystem_bus_confirm_seconds", "Time from sending a message to its confirmation, one sample for each answer",
    .histogram(buckets: HistogramBuckets.latencySeconds))
}
