import Access
import Logging
import MediaModel
import NIOCore
import NIOPosix
import Observability
import RTSP
public import Relay
public import ServiceLifecycle
import Synchronization

/// The RTSP server: players view the relay's streams, encoders publish into them.
public final class RTSPServer: Service {
  private struct State {
    var listener: (any Channel)?
    var connections: [ObjectIdentifier: any Channel] = [:]
    var isStopped = false
  }

  private let context: RTSPServerContext
  private let group: any EventLoopGroup
  private let limiter: ConnectionLimiter
  private let state = Mutex(State())

  /// - Parameters:
  ///   - monitor: where the state is noted for health and metrics; shared with the push.
  ///   - group: the event loops that connections are spread over.
  public init(
    configuration: RTSPServerConfiguration, relay: Relay, monitor: RTSPMonitor, group: any EventLoopGroup,
    logger: Logger
  ) {
    context = RTSPServerContext(configuration: configuration, relay: relay, monitor: monitor, logger: logger)
    limiter = ConnectionLimiter(configuration.connections)
    self.group = group
    monitor.server(at: url(port: configuration.port), isListening: false)
  }

  /// The port it listens on, once it does.
  public var port: Int? { state.withLock { $0.listener?.localAddress?.port } }

  /// Listens, and returns when it does.
  /// - Throws: ``RTSPServerError/cannotListen(host:port:reason:)``.
  public func start() async throws {
    let (host, port) = (context.configuration.host, context.configuration.port)
    let listener: any Channel
    do {
      listener = try await bootstrap.bind(host: host, port: port).get()
    } catch {
      throw RTSPServerError.cannotListen(host: host, port: port, reason: "\(error)")
    }
    state.withLock { $0.listener = listener }
    let url = url(port: listener.localAddress?.port ?? port)
    context.monitor.server(at: url, isListening: true)
    context.logger.info("rtsp server listens", metadata: [.url: "\(url)"])
  }

  /// Serves until the task is cancelled or the service group shuts down; ends all sessions then.
  public func run() async throws {
    if port == nil { try await start() }
    guard let listener = state.withLock({ $0.listener }) else { return }
    await cancelWhenGracefulShutdown {
      await withTaskCancellationHandler {
        // Ends when the listener closes, by our hand or by failure.
        try? await listener.closeFuture.get()
      } onCancel: {
        listener.close(promise: nil)
      }
    }
    let wasStopped = Task.isCancelled || Task.isShuttingDownGracefully
    context.monitor.server(at: url(port: context.configuration.port), isListening: false)
    await closeConnections()
    if !wasStopped { throw RTSPServerError.listenerFailed(port: context.configuration.port) }
  }

  private func closeConnections() async {
    let connections = state.withLock { state in
      state.isStopped = true
      return Array(state.connections.values)
    }
    for channel in connections { channel.pipeline.fireUserInboundEventTriggered(RTSPConnection.ServerEvent.shutdown) }
    // Each closes by itself within a second at most.
    for channel in connections { try? await channel.closeFuture.get() }
  }

  private var bootstrap: ServerBootstrap {
    let (context, limiter) = (context, limiter)
    return ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.socketOption(.so_keepalive), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.writeBufferWaterMark, value: .init(low: 64 << 10, high: 256 << 10))
      .childChannelInitializer { [weak self] channel in
        guard let self, admit(channel, limiter: limiter) else {
          return channel.eventLoop.makeFailedFuture(ChannelError.ioOnClosedChannel)
        }
        return channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(RTSPConnection(server: context))
        }
      }
  }

  /// Whether the connection may stay; counts it if so.
  private func admit(_ channel: any Channel, limiter: ConnectionLimiter) -> Bool {
    let address = channel.remoteAddress
    switch limiter.admit(address) {
    case .admitted: break
    case .totalLimitReached, .addressLimitReached:
      context.logger.debug("rtsp connection refused", metadata: [.reason: "connection limit"])
      return false
    }
    let id = ObjectIdentifier(channel)
    let isStopped = state.withLock { state in
      if !state.isStopped { state.connections[id] = channel }
      return state.isStopped
    }
    channel.closeFuture.whenComplete { [weak self] _ in
      limiter.release(address)
      _ = self?.state.withLock { $0.connections.removeValue(forKey: id) }
    }
    return !isStopped
  }

  /// Where players on this machine connect; listening on every address includes its own.
  private func url(port: Int) -> String {
    let host =
      switch context.configuration.host {
      case "0.0.0.0": "127.0.0.1"
      case "::": "[::1]"
      case let host: host.contains(":") ? "[\(host)]" : host
      }
    return "rtsp://\(host):\(port)/\(StreamName.default)"
  }
}
