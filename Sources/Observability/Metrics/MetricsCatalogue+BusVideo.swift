extension MetricDefinition {
  public static let busVideoUnits = MetricDefinition(
    "worldsystem_bus_video_units_total", "Access units given to the broker, or taken from it for readers here",
    .counter,
    labels: [Label("direction", ["exported", "imported"])])
  public static let busVideoUnitsDropped = MetricDefinition(
    "worldsystem_bus_video_units_dropped_total", "Access units that did not go on to or from the broker, by reason",
    .counter,
    labels: [
      Label(
        "reason",
        [
          "too_slow", "bus_full", "awaits_key_frame", "duplicate", "replaced_publisher", "outdated", "own", "malformed",
        ])
    ])
  public static let busVideoDelay = MetricDefinition(
    "worldsystem_bus_video_delay_seconds",
    "Time from a frame's arrival at the server it is published on to the readers of this one",
    .histogram(buckets: HistogramBuckets.latencySeconds))
  public static let busVideoAttachments = MetricDefinition(
    "worldsystem_bus_video_attachments_total", "Times that reading a stream's queue began", .counter)
  public static let busVideoRemoteStreams = MetricDefinition(
    "worldsystem_bus_video_remote_streams", "Streams of other servers that readers here get", .gauge)
}

extension MetricsCatalogue {
  static let busVideo: [MetricDefinition] = [
    .busVideoUnits, .busVideoUnitsDropped, .busVideoDelay, .busVideoAttachments, .busVideoRemoteStreams,
  ]
}
