internal import Metrics

/// The metrics of all clients that speak Foxglove's protocol.
package final class FoxgloveMetrics: Sendable {
  private let clients = Gauge(label: "worldsystem_foxglove_clients")
  private let sent = Counter(label: "worldsystem_foxglove_messages_total")
  private let dropped = Counter(label: "worldsystem_foxglove_messages_dropped_total")

  package init() {}

  func recordClients(_ count: Int) { clients.record(count) }

  func recordSent() { sent.increment() }

  /// Messages that a client was too slow for.
  func recordDropped(_ count: Int) { dropped.increment(by: count) }
}
