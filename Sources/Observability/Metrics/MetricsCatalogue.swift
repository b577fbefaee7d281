/// Every metric this software exposes. Names in the first group are fixed by existing dashboards and stay
/// unlabelled; breakdowns by label are families of their own beside them.
public enum MetricsCatalogue {
  /// All families, in the order of this file.
  public static let all: [MetricDefinition] =
    [
      .consumersConnected, .framesRelayed, .bytesRelayed, .videoBandwidth, .consumerQueueSize, .consumerFramesDropped,
      .rtspServerHealthy, .rtspQueueSize, .rtspQueueCapacity, .rtspRestarts, .framesDropped, .framesProcessed,
      .ingestPacketsRejected, .streams, .groupCacheBytes, .publisherTakeovers, .framesBeforeKeyFrame,
      .clockDiscontinuities, .frameAge, .addedLatency, .unitsSent, .bytesSent, .unitsDropped, .connectionsRejected,
      .serviceFramesProcessed, .serviceFramesSkipped, .serviceFramesFailed, .serviceProcessing,
      .recordingFrames, .recordingFramesMissed, .recordingBytes, .recordingStills, .recordingStillsMissed,
      .recordingPaused, .seriesRejected,
    ] + clock + bus + busVideo + spool + events + telemetry + slam + detection + identification + outputs + rerun

  static let transports = MetricDefinition.Label(
    "transport", ["websocket", "rtsp", "recorder", "push", "consumer", "bus"])
  static let services = MetricDefinition.Label("service", ["recorder", "slam", "detection"])
}

// MARK: Names fixed by existing dashboards

extension MetricDefinition {
  public static let consumersConnected = MetricDefinition(
    "h264_consumers_connected", "Consumers of video that are connected now", .gauge)
  public static let framesRelayed = MetricDefinition(
    "h264_frames_relayed_total", "Access units relayed, each counted once however many consumers there are", .counter)
  public static let bytesRelayed = MetricDefinition(
    "h264_bytes_relayed_total", "Bytes of H.264 relayed, each counted once however many consumers there are", .counter)
  public static let videoBandwidth = MetricDefinition(
    "video_bandwidth_mbps", "Video that comes in from all publishers, megabit per second over the last 5 s window",
    .gauge)
  public static let consumerQueueSize = MetricDefinition(
    "consumer_queue_size", "Access units that wait in a consumer's queue, average over consumers", .gauge)
  public static let consumerFramesDropped = MetricDefinition(
    "consumer_frames_dropped_total", "Access units that consumers missed because they were too slow", .counter)
  public static let rtspServerHealthy = MetricDefinition(
    "rtsp_server_healthy", "1 while the RTSP output works, else 0", .gauge)
  public static let rtspQueueSize = MetricDefinition(
    "rtsp_queue_size", "Access units that wait to leave by RTSP", .gauge)
  public static let rtspRestarts = MetricDefinition(
    "rtsp_restarts_total", "Times that the RTSP output was started again after a failure", .counter)
  public static let framesDropped = MetricDefinition(
    "frames_dropped_total", "Access units dropped anywhere in the server", .counter)
  public static let framesProcessed = MetricDefinition(
    "frames_processed_total", "Frames that services of this process finished", .counter)
}

// MARK: Ours

extension MetricDefinition {
  public static let ingestPacketsRejected = MetricDefinition(
    "worldsystem_ingest_packets_rejected_total", "What publishers sent and was skipped, by what was wrong", .counter,
    labels: [
      Label(
        "reason",
        [
          "short", "size_field_lies", "unknown_type", "oversized", "payload_size_lies", "empty_payload",
          "payload_without_start_code", "frame_before_parameter_sets", "access_unit_too_large", "too_many_nal_units",
          "no_slice", "no_parameter_set", "invalid_parameter_set", "invalid_slice", "damaged_nal_unit",
          "text_oversized", "text_not_an_object", "text_malformed_config", "text_unsupported_format",
        ])
    ])
  public static let streams = MetricDefinition("worldsystem_relay_streams", "Streams that are live or held", .gauge)
  public static let groupCacheBytes = MetricDefinition(
    "worldsystem_relay_group_cache_bytes", "Memory of the groups of pictures that late readers start with", .gauge)
  public static let publisherTakeovers = MetricDefinition(
    "worldsystem_relay_publisher_takeovers_total", "Times that a second publisher took a stream over", .counter)
  public static let framesBeforeKeyFrame = MetricDefinition(
    "worldsystem_relay_frames_before_key_frame_total", "Access units left out since no key frame preceded them",
    .counter)
  public static let clockDiscontinuities = MetricDefinition(
    "worldsystem_relay_clock_discontinuities_total", "Times that a publisher's clock jumped", .counter)
  public static let frameAge = MetricDefinition(
    "worldsystem_relay_frame_age_seconds", "Time from capture to handing a frame to a reader's connection",
    .histogram(buckets: HistogramBuckets.latencySeconds), labels: [MetricsCatalogue.transports])
  public static let addedLatency = MetricDefinition(
    "worldsystem_relay_added_latency_seconds",
    "Time from receiving the last byte of a frame to handing it to a reader's connection",
    .histogram(buckets: HistogramBuckets.latencySeconds), labels: [MetricsCatalogue.transports])
  public static let unitsSent = MetricDefinition(
    "worldsystem_relay_units_sent_total", "Access units handed to readers, by transport", .counter,
    labels: [MetricsCatalogue.transports])
  public static let bytesSent = MetricDefinition(
    "worldsystem_relay_bytes_sent_total", "Bytes of H.264 handed to readers, by transport", .counter,
    labels: [MetricsCatalogue.transports])
  public static let unitsDropped = MetricDefinition(
    "worldsystem_relay_units_dropped_total", "Access units that readers missed because they were too slow", .counter,
    labels: [MetricsCatalogue.transports])
  public static let connectionsRejected = MetricDefinition(
    "worldsystem_gateway_connections_rejected_total", "Connections refused, by reason", .counter,
    labels: [Label("reason", ["total_limit", "address_limit", "token", "origin", "publisher_taken", "malformed"])])
  public static let serviceFramesProcessed = MetricDefinition(
    "worldsystem_service_frames_processed_total", "Frames finished, by service", .counter,
    labels: [MetricsCatalogue.services])
  public static let serviceFramesSkipped = MetricDefinition(
    "worldsystem_service_frames_skipped_total", "Frames that a service missed because it was too slow", .counter,
    labels: [MetricsCatalogue.services])
  public static let serviceFramesFailed = MetricDefinition(
    "worldsystem_service_frames_failed_total", "Frames that a service could not handle", .counter,
    labels: [MetricsCatalogue.services])
  public static let serviceProcessing = MetricDefinition(
    "worldsystem_service_frame_processing_seconds", "Time that a service takes for one frame",
    .histogram(buckets: HistogramBuckets.latencySeconds), labels: [MetricsCatalogue.services])
  public static let recordingFrames = MetricDefinition(
    "worldsystem_recording_frames_total", "Frames put into recordings", .counter)
  public static let recordingFramesMissed = MetricDefinition(
    "worldsystem_recording_frames_missed_total", "Frames of recorded streams that are not in the recording", .counter,
    labels: [Label("reason", ["paused", "too_slow", "awaits_key_frame"])])
  public static let recordingBytes = MetricDefinition(
    "worldsystem_recording_bytes_total", "Bytes written to recordings", .counter)
  public static let recordingStills = MetricDefinition(
    "worldsystem_recording_stills_total", "Frames kept as JPEG", .counter)
  public static let recordingStillsMissed = MetricDefinition(
    "worldsystem_recording_stills_missed_total", "Frames that should have been kept as JPEG and were not", .counter)
  public static let recordingPaused = MetricDefinition(
    "worldsystem_recording_paused", "1 while recording is paused because the disk is full or fails, else 0", .gauge)
  public static let seriesRejected = MetricDefinition(
    "worldsystem_metrics_series_rejected_total",
    "Series not exposed because their family has too many or is of another kind", .counter)
}
