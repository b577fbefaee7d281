import MediaModel
import Metrics

/// Counters of video through the broker.
struct BusVideoMetrics: Sendable {
  private let exported = Counter(
    label: "worldsystem_bus_video_units_total", dimensions: [("direction", "exported")])
  private let imported = Counter(
    label: "worldsystem_bus_video_units_total", dimensions: [("direction", "imported")])
  private let dropsByReason: [VideoDrop: Counter]
  private let delay = Metrics.Timer(label: "worldsystem_bus_video_delay_seconds")
  private let attachments = Counter(label: "worldsystem_bus_video_attachments_total")
  let remoteStreams = Gauge(label: "worldsystem_bus_video_remote_streams")

  init() {
    dropsByReason = Dictionary(
      uniqueKeysWithValues: VideoDrop.allCases.map {
        ($0, Counter(label: "worldsystem_bus_video_units_dropped_total", dimensions: [("reason", $0.rawValue)]))
      })
  }

  func countExported() { exported.increment() }

  /// - Parameter delay: from the last byte's arrival at the other server to the readers here.
  func countImported(delay: Nanoseconds) {
    imported.increment()
    self.delay.recordNanoseconds(max(0, delay.value))
  }

  func count(_ drop: VideoDrop, _ units: Int = 1) { dropsByReason[drop]?.increment(by: units) }

  func countAttachment() { attachments.increment() }
}

/// Why an access unit did not go on; a closed set, for labels.
public enum VideoDrop: String, CaseIterable, Sendable {
  /// Export: the task that feeds the bus was too slow.
  case tooSlow = "too_slow"
  /// Export: the bus had no room.
  case busFull = "bus_full"
  /// Something before it is missing, and it is no key frame.
  case awaitsKeyFrame = "awaits_key_frame"
  /// It came before.
  case duplicate
  /// It belongs to a publisher that a newer one has replaced.
  case replacedPublisher = "replaced_publisher"
  /// It waited too long to be shown to somebody who just came.
  case outdated
  /// It is from this server itself.
  case own
  /// It is no access unit of ours, or damaged.
  case malformed
}
