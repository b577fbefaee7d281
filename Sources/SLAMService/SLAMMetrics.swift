internal import MediaModel
import Metrics
internal import SLAM

/// The metrics of SLAM; one object for all streams of a process.
public final class SLAMMetrics: Sendable {
  /// What time is spent on.
  enum Stage: String, CaseIterable {
    /// Finding the pose of a frame that does not become a key frame.
    case tracking
    /// The same for one that does, with triangulation and adjustment.
    case mapping
    /// Scale, gravity and time offset.
    case alignment
    /// Depth of a key frame, on a thread of its own.
    case depth
    /// Messages, shared memory and files.
    case publishing
  }

  private let states: [SLAMState: Gauge]
  private let stages: [Stage: Timer]
  private let keyFrames = Gauge(label: "worldsystem_slam_map_keyframes")
  private let points = Gauge(label: "worldsystem_slam_map_points")
  private let recognisable = Gauge(label: "worldsystem_slam_recognisable_keyframes")
  private let featureBytes = Gauge(
    label: "worldsystem_slam_recognition_bytes", dimensions: [("part", "features")])
  private let placeBytes = Gauge(label: "worldsystem_slam_recognition_bytes", dimensions: [("part", "places")])
  private let poses = Gauge(label: "worldsystem_slam_poses")
  private let posesDropped = Counter(label: "worldsystem_slam_poses_dropped_total")
  private let tracked = Gauge(label: "worldsystem_slam_tracked_points")
  private let trackLength = Gauge(label: "worldsystem_slam_track_length_keyframes")
  private let reprojection = Gauge(label: "worldsystem_slam_reprojection_error_pixels")
  private let scale = Gauge(label: "worldsystem_slam_scale_metres_per_unit")
  private let densePoints = Gauge(label: "worldsystem_slam_dense_points")
  private let depthDropped = Counter(label: "worldsystem_slam_depth_keyframes_dropped_total")
  private let segments = Counter(label: "worldsystem_slam_segments_total")
  private let samplesDropped = Counter(label: "worldsystem_slam_motion_samples_dropped_total")
  private let segmentsRemoved = Counter(label: "worldsystem_slam_shared_keyframes_removed_total")

  public init() {
    states = Dictionary(
      uniqueKeysWithValues: SLAMState.allCases.map {
        ($0, Gauge(label: "worldsystem_slam_state", dimensions: [("state", $0.rawValue)]))
      })
    stages = Dictionary(
      uniqueKeysWithValues: Stage.allCases.map {
        ($0, Timer(label: "worldsystem_slam_stage_seconds", dimensions: [("stage", $0.rawValue)]))
      })
    for state in SLAMState.allCases { states[state]?.record(0) }
  }

  func record(_ update: SLAMUpdate) {
    for state in SLAMState.allCases { states[state]?.record(state == update.state ? 1 : 0) }
    tracked.record(update.trackedPoints)
    reprojection.record(update.reprojectionError)
  }

  func record(_ stage: Stage, took time: Nanoseconds) { stages[stage]?.recordNanoseconds(time.value) }

  func record(_ map: SLAMSnapshot) {
    keyFrames.record(map.keyFrames.count)
    points.record(map.points.count)
    let sightings = map.points.reduce(0) { $0 + $1.observations.count }
    trackLength.record(Double(sightings) / Double(max(map.points.count, 1)))
  }

  /// - Parameter newlyDropped: poses that were dropped since the last call.
  func record(_ memory: SLAMMemory, newlyDropped: Int) {
    recognisable.record(memory.describedKeyFrames)
    featureBytes.record(memory.featureBytes)
    placeBytes.record(memory.placeBytes)
    poses.record(memory.poses)
    if newlyDropped > 0 { posesDropped.increment(by: newlyDropped) }
  }

  func recordScale(metresPerUnit: Double?) { scale.record(metresPerUnit ?? 0) }

  func recordDensePoints(_ count: Int) { densePoints.record(count) }

  func recordDepthDropped(_ count: Int) { if count > 0 { depthDropped.increment(by: count) } }

  func recordSegment() { segments.increment() }

  func recordSamplesDropped(_ count: Int) { if count > 0 { samplesDropped.increment(by: count) } }

  func recordSharedKeyFramesRemoved(_ count: Int) { if count > 0 { segmentsRemoved.increment(by: count) } }
}
