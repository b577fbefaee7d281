extension MetricsCatalogue {
  static let slam: [MetricDefinition] = [
    .slamState, .slamStages, .slamMapKeyFrames, .slamMapPoints, .slamRecognisableKeyFrames,
    .slamRecognitionBytes, .slamPoses, .slamPosesDropped, .slamTrackedPoints, .slamTrackLength, .slamReprojectionError,
    .slamScale, .slamDensePoints, .slamDepthDropped, .slamSegments, .slamSamplesDropped,
    .slamSharedKeyFramesRemoved,
  ]
}

extension MetricDefinition {
  public static let slamState = MetricDefinition(
    "worldsystem_slam_state", "1 for what is known about where the camera is, 0 for the rest", .gauge,
    labels: [Label("state", ["initialising", "tracking", "lost", "relocalised"])])
  public static let slamStages = MetricDefinition(
    "worldsystem_slam_stage_seconds", "Time that SLAM spends on a frame or key frame, by stage",
    .histogram(buckets: HistogramBuckets.latencySeconds),
    labels: [Label("stage", ["tracking", "mapping", "alignment", "depth", "publishing"])])
  public static let slamMapKeyFrames = MetricDefinition(
    "worldsystem_slam_map_keyframes", "Key frames of the present map", .gauge)
  public static let slamMapPoints = MetricDefinition(
    "worldsystem_slam_map_points", "Points of the present map", .gauge)
  public static let slamRecognisableKeyFrames = MetricDefinition(
    "worldsystem_slam_recognisable_keyframes", "Key frames of all maps whose features are kept to recognise them by",
    .gauge)
  public static let slamRecognitionBytes = MetricDefinition(
    "worldsystem_slam_recognition_bytes", "Memory for recognising key frames: their features, and the index of places",
    .gauge, labels: [Label("part", ["features", "places"])])
  public static let slamPoses = MetricDefinition(
    "worldsystem_slam_poses", "Frames whose poses are kept", .gauge)
  public static let slamPosesDropped = MetricDefinition(
    "worldsystem_slam_poses_dropped_total", "Poses of frames dropped since there were too many", .counter)
  public static let slamTrackedPoints = MetricDefinition(
    "worldsystem_slam_tracked_points", "Points of the map that the last frame showed", .gauge)
  public static let slamTrackLength = MetricDefinition(
    "worldsystem_slam_track_length_keyframes", "Key frames that see a point of the map, on average", .gauge)
  public static let slamReprojectionError = MetricDefinition(
    "worldsystem_slam_reprojection_error_pixels",
    "Root mean square distance from where points of the map were seen to where they project, in the last frame", .gauge)
  public static let slamScale = MetricDefinition(
    "worldsystem_slam_scale_metres_per_unit", "Metres in a unit of the map; 0 while unknown", .gauge)
  public static let slamDensePoints = MetricDefinition(
    "worldsystem_slam_dense_points", "Points that the depth of key frames gave, as many as are kept", .gauge)
  public static let slamDepthDropped = MetricDefinition(
    "worldsystem_slam_depth_keyframes_dropped_total",
    "Key frames without depth since more came than there was time for",
    .counter)
  public static let slamSegments = MetricDefinition(
    "worldsystem_slam_segments_total", "Times that SLAM began anew: start, restart, another picture size, time jumps",
    .counter)
  public static let slamSamplesDropped = MetricDefinition(
    "worldsystem_slam_motion_samples_dropped_total", "Motion samples dropped since no frame came for long", .counter)
  public static let slamSharedKeyFramesRemoved = MetricDefinition(
    "worldsystem_slam_shared_keyframes_removed_total", "Key frames in shared memory removed before anybody read them",
    .counter)
}
