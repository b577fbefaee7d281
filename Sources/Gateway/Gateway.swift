import Access
import Clocks
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging
import MediaModel
public import NIOCore
import NIOHTTP1
import NIOPosix
public import Relay
public import ServiceLifecycle
import Synchronization
public import Telemetry
import WebSocketTransport

/// The HTTP and WebSocket front of the server: publishers come in, readers go out, people look at it.
public final class Gateway: Service {
  private let configuration: GatewayConfiguration
  private let relay: Relay
  private let providers: GatewayProviders
  private let telemetry: TelemetryHub?
  private let version: String
  private let group: any EventLoopGroup
  private let logger: Logger
  private let port = Mutex<Int?>(nil)
  private let onListening: @Sendable (_ port: Int) -> Void

  /// - Parameters:
  ///   - telemetry: where phones and viewers meet; `nil` serves neither. It is run by somebody else.
  ///   - version: of the software, for `/api/server`.
  ///   - group: the event loops that connections live on.
  ///   - onListening: called once with the port, as soon as connections are taken.
  public init(
    configuration: GatewayConfiguration, relay: Relay, providers: GatewayProviders = GatewayProviders(),
    telemetry: TelemetryHub? = nil, version: String, group: any EventLoopGroup, logger: Logger,
    onListening: @escaping @Sendable (_ port: Int) -> Void = { _ in }
  ) {
    self.configuration = configuration
    self.relay = relay
    self.providers = providers
    self.telemetry = telemetry
    self.version = version
    self.group = group
    self.logger = logger
    self.onListening = onListening
  }

  /// The port that it listens on, or `nil` before it does.
  public var listeningPort: Int? { port.withLock { $0 } }

  /// Serves until the task is cancelled or a graceful shutdown begins; then ends all readers and publishers.
  /// - Throws: an I/O error when the address is taken or not allowed.
  public func run() async throws {
    let relay = relay
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { await relay.run() }
      tasks.addTask {
        try await withGracefulShutdownHandler {
          try await self.makeApplication().run()
        } onGracefulShutdown: {
          relay.shutdown()
        }
      }
      // The relay's task ends by cancellation only, so the first to end is the application.
      try await tasks.next()
      tasks.cancelAll()
    }
  }

  private func makeApplication() throws -> some ApplicationProtocol {
    let rejections = RejectionMetrics()
    let admission = GatewayAdmission(
      relay: relay, telemetry: telemetry, access: configuration.access, origins: configuration.origins,
      limits: configuration.limits, endpoints: providers.sockets,
      clocks: relay.clocks, ingestMetrics: IngestMetrics(), rejections: rejections, logger: logger)
    let routes = GatewayRoutes(
      relay: relay, telemetry: telemetry, admission: admission, providers: providers, configuration: configuration,
      startedAt: relay.clocks.host(), version: version)
    let limits = configuration.limits
    let limiter = ConnectionLimiter(limits.connections)
    let plain = HTTPServerBuilder { responder in
      GatewayChannel(
        responder: responder, limits: limits, limiter: limiter, rejections: rejections,
        admit: { head, _ in admission.admit(head) })
    }
    let builder = try configuration.tls.map { try HTTPServerBuilder.tls(plain, tlsConfiguration: $0) } ?? plain
    return Application(
      router: routes.makeRouter(), server: builder,
      configuration: ApplicationConfiguration(
        address: .hostname(configuration.host, port: configuration.port), serverName: nil, backlog: 1_024,
        reuseAddress: true),
      onServerRunning: { channel in
        guard let bound = channel.localAddress?.port else { return }
        self.port.withLock { $0 = bound }
        self.onListening(bound)
      },
      eventLoopGroupProvider: .shared(group), logger: logger)
  }
}
