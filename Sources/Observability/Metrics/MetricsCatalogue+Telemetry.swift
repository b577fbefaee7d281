extension MetricsCatalogue {
  static let telemetry: [MetricDefinition] = [
    .phones, .viewers, .telemetryMessages, .telemetryRejected, .samplesDropped, .imuRate, .imuInterval, .imuHold,
    .phoneClockOffset, .phoneClockRestarts, .commands, .commandsDropped, .commandLatency, .commandAge,
    .viewerMessagesDropped, .uploads, .uploadBytes,
  ]
}

extension MetricDefinition {
  public static let phones = MetricDefinition(
    "worldsystem_telemetry_phones", "Phones that are connected for telemetry", .gauge)
  public static let viewers = MetricDefinition(
    "worldsystem_telemetry_viewers", "Viewers that are connected", .gauge)
  public static let telemetryMessages = MetricDefinition(
    "worldsystem_telemetry_messages_total", "What phones sent and was taken, by what it is or holds", .counter,
    labels: [
      Label("type", ["imu", "gps", "attitude", "battery", "frame", "analysis_mode", "upload", "unknown"])
    ])
  public static let telemetryRejected = MetricDefinition(
    "worldsystem_telemetry_messages_rejected_total", "What phones and viewers sent and was left out, by why", .counter,
    labels: [
      Label(
        "reason",
        [
          "oversized", "too_deep", "too_many_members", "malformed", "not_an_object", "no_type", "timestamp", "field",
          "range", "short", "not_jpeg", "too_many_pixels", "unknown_command", "not_permitted", "too_many",
        ])
    ])
  public static let samplesDropped = MetricDefinition(
    "worldsystem_telemetry_samples_dropped_total", "Samples that came twice, or after later ones were published",
    .counter, labels: [Label("reason", ["duplicate", "late"])])
  public static let imuRate = MetricDefinition(
    "worldsystem_telemetry_imu_rate_hz", "IMU samples a second, over all phones, by the phones' clocks", .gauge)
  public static let imuInterval = MetricDefinition(
    "worldsystem_telemetry_imu_interval_seconds", "Time from one IMU sample to the next, by the phone's clock",
    .histogram(buckets: [0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 1]))
  public static let imuHold = MetricDefinition(
    "worldsystem_telemetry_imu_hold_seconds", "Time that samples were held, to put them into order",
    .histogram(buckets: [0.0001, 0.001, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.1]))
  public static let phoneClockOffset = MetricDefinition(
    "worldsystem_telemetry_phone_clock_offset_seconds",
    "What is to be added to a phone's clock for the server's; of the phone for which it is largest", .gauge)
  public static let phoneClockRestarts = MetricDefinition(
    "worldsystem_telemetry_phone_clock_restarts_total", "Times that a phone's clock was set back", .counter)
  public static let commands = MetricDefinition(
    "worldsystem_telemetry_commands_total", "Commands of viewers that were passed on", .counter,
    labels: [Label("type", ["joystick", "movement", "rotation", "camera", "flightmode"])])
  public static let commandsDropped = MetricDefinition(
    "worldsystem_telemetry_commands_dropped_total", "Commands that a phone was not sent, by why", .counter,
    labels: [Label("reason", ["replaced", "too_old", "full"])])
  public static let commandLatency = MetricDefinition(
    "worldsystem_telemetry_command_latency_seconds",
    "Time from receiving a command to handing it to the phone's connection",
    .histogram(buckets: HistogramBuckets.latencySeconds))
  public static let commandAge = MetricDefinition(
    "worldsystem_telemetry_command_age_seconds",
    "Time from a command's own timestamp to its receipt, where the viewer's clock is plausible",
    .histogram(buckets: HistogramBuckets.latencySeconds))
  public static let viewerMessagesDropped = MetricDefinition(
    "worldsystem_telemetry_viewer_messages_dropped_total",
    "Messages that a viewer was not sent: it is too slow, or wants fewer samples", .counter,
    labels: [Label("reason", ["slow", "rate"])])
  public static let uploads = MetricDefinition(
    "worldsystem_telemetry_uploads_total", "Files that phones uploaded, by what became of them", .counter,
    labels: [
      Label(
        "result",
        [
          "saved", "name", "type", "too_large", "too_many_open", "already_open", "not_started", "too_far_ahead",
          "missing_chunks", "abandoned", "storage",
        ])
    ])
  public static let uploadBytes = MetricDefinition(
    "worldsystem_telemetry_upload_bytes_total", "Bytes of uploaded files that were written", .counter)
}
