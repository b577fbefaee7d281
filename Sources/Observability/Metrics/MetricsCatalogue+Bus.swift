extension MetricsCatalogue {
  static let bus: [MetricDefinition] = [
    .busMessagesPublished, .busMessagesDropped, .busConnected, .busConnectionsLost, .busConfirms, .busRejects,
    .busRepublished, .busUnconfirmed, .busWaiting, .busConfirmTime,
  ]

  static let topics = MetricDefinition.Label(
    "topic",
    [
      "processed_frames_exchange", "api_results_exchange", "slam_results_exchange", "trajectory_data_exchange",
      "imu_data_exchange", "video_frames_exchange", "video_stream_exchange", "analysis_mode_exchange",
      "restart_exchange", "ply_fanout_exchange", "events_exchange", "phone_messages_exchange",
      "control_commands_exchange", "stream_announcements_exchange", "world_objects_exchange",
    ])
}

extension MetricDefinition {
  public static let busMessagesPublished = MetricDefinition(
    "worldsystem_bus_messages_published_total", "Messages published by this process, by topic", .counter,
    labels: [MetricsCatalogue.topics])
  public static let busMessagesDropped = MetricDefinition(
    "worldsystem_bus_messages_dropped_total", "Messages dropped, by where", .counter,
    labels: [Label("place", ["subscription", "outgoing", "spool"])])
}
