import Metrics
import NIOCore
internal import RerunLog

/// The metrics of what goes to a viewer of Rerun.
package final class RerunMetrics: Sendable {
  /// Why an event does not reach the viewer; a closed set.
  package enum Drop: String, CaseIterable, Sendable {
    /// There is no viewer.
    case away
    /// The viewer was too slow, and the queue in front of it full.
    case tooSlow = "too_slow"
  }

  private let messages = Counter(label: "worldsystem_rerun_messages_total")
  private let bytes = Counter(label: "worldsystem_rerun_bytes_total")
  private let connected = Gauge(label: "worldsystem_rerun_connected")
  private let dropped: [Drop: Counter]

  package init() {
    dropped = Dictionary(
      uniqueKeysWithValues: Drop.allCases.map {
        ($0, Counter(label: "worldsystem_rerun_events_dropped_total", dimensions: [("reason", $0.rawValue)]))
      })
  }

  func recordMessages(_ sent: [RerunMessage]) {
    messages.increment(by: sent.count)
    bytes.increment(by: sent.reduce(0) { $0 + $1.body.readableBytes })
  }

  func recordConnected(_ isConnected: Bool) { connected.record(isConnected ? 1 : 0) }

  func recordDropped(_ count: Int, _ reason: Drop) { dropped[reason]?.increment(by: count) }
}
