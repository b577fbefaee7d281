import Metrics
import Synchronization

/// The recorder's metrics; one object for all recorders of a process.
public final class RecordingMetrics: Sendable {
  /// Why a frame of a live stream is not in the recording.
  enum Miss: String, CaseIterable {
    /// The disk is full or fails.
    case paused
    /// The disk was too slow, and the queue in front of the recorder was full.
    case tooSlow = "too_slow"
    /// Nothing can be decoded before the next key frame.
    case awaitsKeyFrame = "awaits_key_frame"
  }

  private let frames = Counter(label: "worldsystem_recording_frames_total")
  private let bytes = Counter(label: "worldsystem_recording_bytes_total")
  private let paused = Gauge(label: "worldsystem_recording_paused")
  private let stills = Counter(label: "worldsystem_recording_stills_total")
  private let stillsMissed = Counter(label: "worldsystem_recording_stills_missed_total")
  private let missed: [Miss: Counter]
  private let pausedRecorders = Atomic<Int>(0)

  public init() {
    missed = Dictionary(
      uniqueKeysWithValues: Miss.allCases.map {
        ($0, Counter(label: "worldsystem_recording_frames_missed_total", dimensions: [("reason", $0.rawValue)]))
      })
    paused.record(0)
  }

  func recordFrame() { frames.increment() }

  func recordBytes(_ count: Int) { bytes.increment(by: count) }

  func recordMissed(_ count: Int, _ reason: Miss) {
    if count > 0 { missed[reason]?.increment(by: count) }
  }

  func recordStill() { stills.increment() }

  func recordStillsMissed(_ count: Int) {
    if count > 0 { stillsMissed.increment(by: count) }
  }

  func recordPause(_ isPaused: Bool) {
    let count = pausedRecorders.add(isPaused ? 1 : -1, ordering: .relaxed).newValue
    paused.record(count > 0 ? 1 : 0)
  }
}
