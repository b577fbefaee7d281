import Metrics
internal import ObjectMapping

/// The metrics of objects in the world; one object for all streams of a process.
public final class ObjectMapMetrics: Sendable {
  private let objects = Gauge(label: "worldsystem_objects_known")
  private let sightings = Counter(label: "worldsystem_objects_sightings_total")
  private let found = Counter(label: "worldsystem_objects_found_total")
  private let merged = Counter(label: "worldsystem_objects_merged_total")
  private let evicted = Counter(label: "worldsystem_objects_evicted_total")
  private let framesDropped = Counter(label: "worldsystem_objects_frames_dropped_total")
  private let framesUnposed = Counter(label: "worldsystem_objects_frames_without_pose_total")

  public init() {}

  /// What happened between two readings of a stream's counts.
  func record(_ old: (ObjectMap.Counts, dropped: Int, unposed: Int), _ world: ObjectWorld) {
    let new = world.counts
    increment(sightings, new.sightings - old.0.sightings)
    increment(found, new.objects - old.0.objects)
    increment(merged, new.merged - old.0.merged)
    increment(evicted, new.evicted - old.0.evicted)
    increment(framesDropped, world.dropped - old.dropped)
    increment(framesUnposed, world.unposed - old.unposed)
  }

  func recordObjects(_ count: Int) { objects.record(count) }

  private func increment(_ counter: Counter, _ by: Int) { if by > 0 { counter.increment(by: by) } }
}
