import MediaModel
import Metrics
internal import Tracking

/// The metrics of detection; one object for all streams of a process.
public final class DetectionMetrics: Sendable {
  /// What the service itself spends time on.
  enum Stage: String {
    /// Everything between a picture and its objects.
    case find
    /// Loading models.
    case load
    /// Messages and files.
    case publish
  }

  /// Why a wish was not followed.
  enum Refused: String, CaseIterable {
    case malformed
    case unknownMode = "unknown_mode"
    case unavailable
    case prompt
  }

  /// Stages of finders, a closed set; whatever else they name counts as `other`.
  package static let finderStages = [
    "align", "associate", "attend", "decode", "detect", "encode", "flow", "memory", "motion", "prepare", "refine",
    "segment", "text", "track",
  ]

  private let modes: [DetectionMode: Gauge]
  private let stages: [String: Timer]
  private let refusals: [Refused: Counter]
  private let objects = Gauge(label: "worldsystem_detection_objects")
  private let detections = Counter(label: "worldsystem_detection_detections_total")
  private let tracks = Counter(label: "worldsystem_detection_tracks_started_total")
  private let changes = Counter(label: "worldsystem_detection_mode_changes_total")
  private let resultsLost = Counter(label: "worldsystem_detection_results_lost_total")

  public init() {
    modes = Dictionary(
      uniqueKeysWithValues: DetectionMode.allCases.map {
        ($0, Gauge(label: "worldsystem_detection_mode", dimensions: [("mode", $0.rawValue)]))
      })
    let names = ["find", "load", "publish", "other"] + Self.finderStages
    stages = Dictionary(
      uniqueKeysWithValues: names.map {
        ($0, Timer(label: "worldsystem_detection_stage_seconds", dimensions: [("stage", $0)]))
      })
    refusals = Dictionary(
      uniqueKeysWithValues: Refused.allCases.map {
        ($0, Counter(label: "worldsystem_detection_requests_refused_total", dimensions: [("reason", $0.rawValue)]))
      })
    for mode in DetectionMode.allCases { modes[mode]?.record(0) }
  }

  func record(_ mode: DetectionMode) {
    for other in DetectionMode.allCases { modes[other]?.record(other == mode ? 1 : 0) }
  }

  func record(_ stage: Stage, took time: Nanoseconds) { stages[stage.rawValue]?.recordNanoseconds(time.value) }

  func record(_ report: FinderReport) {
    for stage in report.stages { (stages[stage.stage] ?? stages["other"])?.recordNanoseconds(stage.nanos) }
    if report.detectionCount > 0 { detections.increment(by: report.detectionCount) }
  }

  func recordObjects(_ count: Int, started: Int) {
    objects.record(count)
    if started > 0 { tracks.increment(by: started) }
  }

  func recordChange() { changes.increment() }

  func recordRefused(_ reason: Refused) { refusals[reason]?.increment() }

  func recordResultLost() { resultsLost.increment() }
}
