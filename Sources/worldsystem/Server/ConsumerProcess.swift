import Clocks
import Foundation
import Gateway
import Logging
import MessageBus
import Metrics
import NIOPosix
import Observability
import ServiceLifecycle
import Settings
import VideoConsumer

/// The process of a service that looks at video of another process, or at a file: what it has beside the service.
struct ConsumerProcess {
  /// The name of the service, in node names, logs and metrics.
  let name: String
  let node: String
  let group = MultiThreadedEventLoopGroup.singleton
  let tracing: ServerTracing
  let bus: TracedBus
  private let registry = PrometheusRegistry()
  private let connection: BusConnection

  /// Makes metrics those of the process. To be called once, with logging started.
  init(_ settings: Settings, name: String) throws {
    self.name = name
    FFmpegMessages.toLog()
    MetricsSystem.bootstrap(PrometheusMetricsFactory(registry: registry))
    ProcessMetrics.install(in: registry)
    node = settings.bus.node ?? "\(ProcessInfo.processInfo.hostName):\(name)"
    tracing = ServerTracing(settings, node: node, group: group)
    connection = try BusConnection(settings.forService(name, node: node), clocks: .system)
    bus = TracedBus(connection.bus, tracing: tracing.frames)
  }

  /// Feeds a consumer until its source ends or a signal comes.
  /// - Parameters:
  ///   - companions: what else is to be run; others may depend on those that come first.
  ///   - unhealthyReason: for `/health`.
  func run(
    _ consumer: any VideoConsumer, _ options: ConsumerOptions, queuedUnits: Int? = nil, with companions: [any Service],
    unhealthyReason: @escaping @Sendable () -> String? = { nil }
  ) async throws {
    var running = ConsumerRunner.Options()
    running.tracing = tracing.frames
    if let queuedUnits { running.queuedUnits = queuedUnits }
    let runner = ConsumerRunner(
      source: try VideoSource(options.from), token: options.serverToken, consumers: [consumer], options: running,
      logger: Logger(label: name))
    // Who others depend on comes first, so that it stops last.
    var services = (connection.services + tracing.services + [bus] + companions).map {
      ServiceGroupConfiguration.ServiceConfiguration(service: $0)
    }
    if let address = try options.metricsAddress() {
      let monitoring = MonitoringServer(
        address: address, service: "worldsystem-\(consumer.service)", metrics: { [registry] in registry.exposition() },
        unhealthyReason: unhealthyReason, logger: Logger(label: "monitoring"))
      services.append(.init(service: monitoring))
    }
    // The end of the source is the end of the command.
    services.append(.init(service: runner, successTerminationBehavior: .gracefullyShutdownGroup))
    try await Services.run(services, logger: Logger(label: "lifecycle"))
  }
}

extension Settings {
  /// The settings of a service beside a server that may share them. It has a spool of its own: two processes must not
  /// write the same.
  fileprivate func forService(_ name: String, node: String) -> Settings {
    var changed = self
    changed.bus.node = node
    changed.bus.spoolPath = (bus.spoolPath ?? recording.path + "/spool") + "-\(name)"
    return changed
  }
}
