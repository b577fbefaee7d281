import Access
import Foundation
import Gateway
import Logging
import MediaModel
import Metrics
import NIOCore
import NIOPosix
import Observability
import Relay
import ServiceLifecycle
import Settings
import UnixSignals

/// One server in this process: puts the services together and runs them until somebody ends it.
struct ServerProcess {
  let settings: Settings
  let tokens: TokenSource

  func run() async throws {
    OpenFileLimit.raise()
    let access = try ServerAccess(settings, tokens: tokens)
    let registry = PrometheusRegistry()
    MetricsSystem.bootstrap(PrometheusMetricsFactory(registry: registry))
    ProcessMetrics.install(in: registry)
    let group = MultiThreadedEventLoopGroup(
      numberOfThreads: settings.server.eventLoops > 0 ? settings.server.eventLoops : System.coreCount)
    let relay = Relay(
      configuration: RelayConfiguration(
        publisherGrace: settings.server.grace, overridesPublisher: settings.server.overridePublisher,
        groupCacheBytes: settings.relay.groupOfPicturesBytes),
      logger: Logger(label: "relay"))
    let gateway = Gateway(
      configuration: try gatewayConfiguration(access, rtspPort: nil), relay: relay,
      providers: GatewayProviders(metrics: { registry.exposition() }), version: Version.current, group: group,
      logger: Logger(label: "gateway"),
      onListening: { [settings] port in
        Console.print(ServerBanner(settings: settings, access: access, port: port, rtspPort: nil).text)
      })
    do {
      try await Services.run([gateway], logger: Logger(label: "lifecycle"))
    } catch {
      try? await group.shutdownGracefully()
      throw explained(error)
    }
    try await group.shutdownGracefully()
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
