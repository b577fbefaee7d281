extension MetricsCatalogue {
  static let outputs: [MetricDefinition] = [
    .sessionLogMessages, .sessionLogBytes, .sessionLogMessagesMissed, .foxgloveClients, .foxgloveMessages,
    .foxgloveMessagesDropped, .cotEvents, .cotEventsDropped, .objectsKnown, .objectSightings, .objectsFound,
    .objectsMerged, .objectsEvicted, .objectFramesDropped, .objectFramesWithoutPose,
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

// MARK: Cursor on Target

extension MetricDefinition {
  public static let cotEvents = MetricDefinition(
    "worldsystem_cot_events_total", "Cursor-on-Target events sent", .counter)
  public static let cotEventsDropped = MetricDefinition(
    "worldsystem_cot_events_dropped_total", "Cursor-on-Target events that could not be sent", .counter)
}

// MARK: Objects in the world

extension MetricDefinition {
  public static let objectsKnown = MetricDefinition(
    "worldsystem_objects_known", "Objects whose place in the world is known", .gauge)
  public static let objectSightings = MetricDefinition(
    "worldsystem_objects_sightings_total", "Sightings of tracked objects that were placed in the world", .counter)
  public static let objectsFound = MetricDefinition(
    "worldsystem_objects_found_total", "Objects that were placed in the world for the first time", .counter)
  public static let objectsMerged = MetricDefinition(
    "worldsystem_objects_merged_total", "Objects that were recognised as one that was known", .counter)
  public static let objectsEvicted = MetricDefinition(
    "worldsystem_objects_evicted_total", "Objects that gave their place to newer ones", .counter)
  public static let objectFramesDropped = MetricDefinition(
    "worldsystem_objects_frames_dropped_total", "Frames with objects that the object map was too slow for", .counter)
  public static let objectFramesWithoutPose = MetricDefinition(
    "worldsystem_objects_frames_without_pose_total", "Frames with objects for which no camera pose came", .counter)
}
