import Access
import Clocks
import Foundation
import Gateway
import Logging
import MediaModel
import Metrics
import NIOCore
import NIOPosix
import Observability
import Publishing
import Relay
import ServiceLifecycle
import Settings
import UnixSignals

/// One server in this process: puts the services together and runs them until somebody ends it.
struct ServerProcess {
  let settings: Settings
  let tokens: TokenSource
  /// Whether a simulated flight is published as the default stream.
  var fliesDemo = false
  /// Whether every stream is recorded.
  var records = false

  func run() async throws {
    OpenFileLimit.raise()
    let access = try ServerAccess(settings, tokens: tokens)
    let registry = PrometheusRegistry()
    MetricsSystem.bootstrap(PrometheusMetricsFactory(registry: registry))
    ProcessMetrics.install(in: registry)
    FFmpegMessages.toLog()
    let group = MultiThreadedEventLoopGroup(
      numberOfThreads: settings.server.eventLoops > 0 ? settings.server.eventLoops : System.coreCount)
    let relay = Relay(
      configuration: RelayConfiguration(
        publisherGrace: settings.server.grace, overridesPublisher: settings.server.overridePublisher,
        groupCacheBytes: settings.relay.groupOfPicturesBytes),
      logger: Logger(label: "relay"))
    do {
      let connection = try BusConnection(settings, clocks: .system)
      try connection.announceStart()
      let storage = RecordingStorage(settings)
      let rtsp = try await RTSPOutput(settings, access: access.policy, relay: relay, group: group)
      let gateway = Gateway(
        configuration: try gatewayConfiguration(access, rtspPort: rtsp.port), relay: relay,
        providers: GatewayProviders(
          metrics: { registry.exposition() }, rtsp: { rtsp.report }, recordings: { await storage.reports() },
          recordingFile: { storage.path(session: $0, file: $1) }, notReadyReason: { rtsp.notReadyReason }),
        version: Version.current, group: group, logger: Logger(label: "gateway"),
        onListening: { [settings] port in
          let banner = ServerBanner(settings: settings, access: access, port: port, rtspPort: rtsp.port)
          Console.print(banner.text)
        })
      // The bus is first, so that it stops last.
      var services: [any Service] = connection.services + rtsp.services + [gateway]
      if records { services.append(storage.recorder(of: relay, settings)) }
      if fliesDemo { services.append(try demoFlight(relay)) }
      try await Services.run(services, logger: Logger(label: "lifecycle"))
    } catch {
      try? await group.shutdownGracefully()
      throw explained(error)
    }
    try await group.shutdownGracefully()
  }

  private func demoFlight(_ relay: Relay) throws -> DemoFlight {
    let logger = Logger(label: "demo")
    let publisher = try FlightPublisher(options: FlightPublisher.Options(settings.simulator), logger: logger)
    return DemoFlight(publisher: publisher, relay: relay, logger: logger)
  }

  private func gatewayConfiguration(_ access: ServerAccess, rtspPort: Int?) throws -> GatewayConfiguration {
    var limits = GatewayLimits()
    limits.connections = ConnectionLimits(
      total: settings.server.maxConnections, perAddress: settings.server.maxConnectionsPerAddress)
    limits.publisherMessageBytes = settings.server.maxMessageBytes
    limits.idleTime = .nanoseconds(settings.server.idleTimeout.value)
    limits.webSocketIdleTime = .nanoseconds(settings.server.idleTimeout.value)
    return GatewayConfiguration(
      host: settings.server.host, port: settings.server.port, access: access.policy, origins: access.origins,
      tls: try access.tls?.serverConfiguration(), limits: limits, rtspPort: rtspPort)
  }

  /// Says what to do about an address that cannot be listened on.
  private func explained(_ error: any Error) -> any Error {
    guard let error = error as? IOError else { return error }
    let place = "\(settings.server.host):\(settings.server.port)"
    switch error.errnoCode {
    case EADDRINUSE:
      return CommandFailure(.failure, "cannot listen on \(place): the port is taken; choose another by --port")
    case EACCES: return CommandFailure(.failure, "cannot listen on \(place): ports below 1024 need more rights")
    case EADDRNOTAVAIL:
      return CommandFailure(.usage, "cannot listen on \(place): this machine does not have that address")
    default: return error
    }
  }
}
