import BusVideo
import Clocks
import Gateway
import Logging
import MessageBus
import Relay
import ServiceLifecycle
import Settings

/// Video through the broker, where the settings ask for it.
struct BusVideoWiring: Sendable {
  private let service: BusVideoService?

  /// - Parameter bus: publishes the video; that of `connection`, or one in front of it.
  init(_ settings: Settings, connection: BusConnection, bus: any MessageBus, relay: Relay, clocks: SystemClocks) {
    guard settings.bus.carriesVideo, let broker = connection.rabbitMQ else {
      service = nil
      return
    }
    service = BusVideoService(
      relay: relay, bus: bus, queues: broker,
      configuration: BusVideoConfiguration(
        node: settings.nodeName, queueBytes: settings.bus.videoBytes, queueAge: settings.bus.videoAge),
      clocks: clocks, logger: Logger(label: "bus.video"))
  }

  /// What is to be run; it uses the bus, so it must stop before it.
  var services: [any Service] { service.map { [$0] } ?? [] }

  /// The streams of other servers, for the list of streams.
  func elsewhere() -> [ElsewhereReport] {
    (service?.announcedStreams() ?? []).map { ElsewhereReport(stream: $0.name, node: $0.node) }
  }
}
