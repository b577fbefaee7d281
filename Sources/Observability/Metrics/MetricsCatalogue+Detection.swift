extension MetricsCatalogue {
  static let detection: [MetricDefinition] = [
    .detectionMode, .detectionStages, .detectionObjects, .detectionDetections, .detectionTracksStarted,
    .detectionModeChanges, .detectionRequestsRefused, .detectionResultsLost,
  ]
}

extension MetricDefinition {
  public static let detectionMode = MetricDefinition(
    "worldsystem_detection_mode", "1 for what detection does with its stream, 0 for the rest", .gauge,
    labels: [Label("mode", ["none", "motion", "yolo", "grounded"])])
  public static let detectionStages = MetricDefinition(
    "worldsystem_detection_stage_seconds",
    "Time that detection spends on a frame (find, publish), in parts of that, and on loading models, by stage",
    .histogram(buckets: HistogramBuckets.latencySeconds),
    labels: [
      Label(
        "stage",
        [
          "find", "load", "publish", "align", "associate", "attend", "decode", "detect", "encode", "flow", "memory",
          "motion", "prepare", "refine", "segment", "text", "track",
        ])
    ])
  public static let detectionObjects = MetricDefinition(
    "worldsystem_detection_objects", "Objects followed in the last frame", .gauge)
  public static let detectionDetections = MetricDefinition(
    "worldsystem_detection_detections_total", "Detections before they became tracks", .counter)
  public static let detectionTracksStarted = MetricDefinition(
    "worldsystem_detection_tracks_started_total", "Objects that got an identifier", .counter)
  public static let detectionModeChanges = MetricDefinition(
    "worldsystem_detection_mode_changes_total", "Times that another mode was wished for and taken", .counter)
  public static let detectionRequestsRefused = MetricDefinition(
    "worldsystem_detection_requests_refused_total", "Wishes for a mode or prompt that were not followed, by reason",
    .counter, labels: [Label("reason", ["malformed", "unknown_mode", "unavailable", "prompt"])])
  public static let detectionResultsLost = MetricDefinition(
    "worldsystem_detection_results_lost_total", "Frames whose line is not in the file of results", .counter)
}
