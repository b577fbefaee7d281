import Metrics

/// The metrics of all session files of a process.
public final class SessionLogMetrics: Sendable {
  /// Why a message is not in its file; a closed set.
  enum Miss: String, CaseIterable {
    /// The disk was too slow, and the queue in front of it full.
    case tooSlow = "too_slow"
    /// The disk is full or fails.
    case disk
    /// It is larger than a message may be.
    case tooLarge = "too_large"
  }

  private let messages = Counter(label: "worldsystem_session_log_messages_total")
  private let bytes = Counter(label: "worldsystem_session_log_bytes_total")
  private let missed: [Miss: Counter]

  public init() {
    missed = Dictionary(
      uniqueKeysWithValues: Miss.allCases.map {
        ($0, Counter(label: "worldsystem_session_log_messages_missed_total", dimensions: [("reason", $0.rawValue)]))
      })
  }

  func recordMessage() { messages.increment() }

  func recordBytes(_ count: Int) { bytes.increment(by: count) }

  func recordMissed(_ count: Int, _ reason: Miss) {
    if count > 0 { missed[reason]?.increment(by: count) }
  }
}
