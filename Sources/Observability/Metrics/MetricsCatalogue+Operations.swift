extension MetricDefinition {
  public static let rtspQueueCapacity = MetricDefinition(
    "worldsystem_rtsp_queue_capacity", "Access units that may wait to leave by RTSP", .gauge)
}
