import Access
import Gateway
import Logging
import MediaModel
import NIOCore
import Observability
import RTSPServer
import Relay
import ServiceLifecycle
import Settings

/// The RTSP server and the push, as far as the settings ask for them.
struct RTSPOutput: Sendable {
  private let monitor: RTSPMonitor
  private let server: RTSPServer?
  private let push: RTSPPushService?

  /// Listens, so that the port is known.
  /// - Throws: `RTSPServerError.cannotListen`.
  init(_ settings: Settings, access: AccessPolicy, relay: Relay, group: any EventLoopGroup) async throws {
    monitor = RTSPMonitor(queueCapacity: settings.rtsp.pushQueueUnits)
    if settings.rtsp.isEnabled {
      var configuration = RTSPServerConfiguration()
      configuration.host = settings.server.host
      configuration.port = settings.rtsp.port
      configuration.credentials = .init(access)
      configuration.sessionTimeout = settings.rtsp.sessionTimeout
      let server = RTSPServer(
        configuration: configuration, relay: relay, monitor: monitor, group: group, logger: Logger(label: "rtsp"))
      try await server.start()
      self.server = server
    } else {
      server = nil
    }
    if let url = settings.rtsp.pushURL {
      var configuration = RTSPPushService.Configuration(url: url)
      configuration.queueUnits = settings.rtsp.pushQueueUnits
      push = RTSPPushService(
        configuration: configuration, relay: relay, monitor: monitor, logger: Logger(label: "rtsp.push"))
    } else {
      push = nil
    }
  }

  /// What is to be run.
  var services: [any Service] { [server as (any Service)?, push].compactMap { $0 } }

  /// The port of the server, if there is one.
  var port: Int? { server?.port }

  /// The state for `/health/rtsp` and `/rtsp/status`; `nil` when RTSP is off.
  var report: RTSPReport? {
    guard !services.isEmpty else { return nil }
    let health = monitor.health()
    return RTSPReport(
      isHealthy: health.isHealthy, isRunning: health.isRunning, url: health.url, queueSize: health.queueSize,
      queueCapacity: health.queueCapacity, isThreadAlive: health.isThreadAlive)
  }

  /// Why the server is not ready, or `nil` when it is. A push that fails does not keep viewers out.
  var notReadyReason: String? { server != nil && server?.port == nil ? "the RTSP server does not listen" : nil }
}
