import MediaModel
import MessageBus
import Metrics

/// What is counted of the bus beside what every engine counts.
struct RabbitMQBusMetrics: Sendable {
  /// Which connection; a closed set.
  enum Connection: String, CaseIterable, Sendable { case publisher, consumer }

  let common = MessageBusMetrics()
  let confirmed = Counter(label: "worldsystem_bus_confirms_total")
  let rejected = Counter(label: "worldsystem_bus_rejects_total")
  let republished = Counter(label: "worldsystem_bus_republished_total")
  private let unconfirmed = Gauge(label: "worldsystem_bus_unconfirmed")
  private let waiting = Gauge(label: "worldsystem_bus_waiting_messages")
  private let confirmTime = Timer(label: "worldsystem_bus_confirm_seconds")
  private let connected = Self.each { Gauge(label: "worldsystem_bus_connected", dimensions: [("connection", $0)]) }
  private let losses = Self.each {
    Counter(label: "worldsystem_bus_connections_lost_total", dimensions: [("connection", $0)])
  }

  private static func each<Metric>(_ make: (String) -> Metric) -> [Connection: Metric] {
    Dictionary(uniqueKeysWithValues: Connection.allCases.map { ($0, make($0.rawValue)) })
  }

  func isConnected(_ connection: Connection, _ isConnected: Bool) {
    connected[connection]?.record(isConnected ? 1 : 0)
  }

  func lost(_ connection: Connection) { losses[connection]?.increment() }

  func confirmed(after latency: Nanoseconds) { confirmTime.recordNanoseconds(latency.value) }

  func queued(unconfirmed count: Int, waiting messages: Int) {
    unconfirmed.record(count)
    waiting.record(messages)
  }
}
