internal import BusMessages
import Metrics

/// What is in the spool, and what had no room.
struct SpoolMetrics: Sendable {
  private let messages = Gauge(label: "worldsystem_spool_messages")
  private let bytes = Gauge(label: "worldsystem_spool_bytes")
  private let droppedBulk = Counter(
    label: "worldsystem_spool_messages_dropped_total", dimensions: [("precedence", "bulk")])
  private let droppedEssential = Counter(
    label: "worldsystem_spool_messages_dropped_total", dimensions: [("precedence", "essential")])

  func record(messages: Int, bytes: Int) {
    self.messages.record(messages)
    self.bytes.record(bytes)
  }

  func recordDropped(_ precedence: Topic.Precedence, _ count: Int) {
    switch precedence {
    case .bulk: droppedBulk.increment(by: count)
    case .essential: droppedEssential.increment(by: count)
    }
  }
}
