import Access
import Clocks
import Foundation
import FoxgloveBridge
import Gateway
import Logging
import MediaModel
import MessageBus
import Metrics
import NIOCore
import NIOPosix
import Observability
import Publishing
import Relay
import ServiceLifecycle
import SessionLog
import Settings
import Telemetry
import UnixSignals

/// One server in this process: puts the services together and runs them until somebody ends it.
struct ServerProcess {
  let settings: Settings
  let tokens: TokenSource
  /// Whether a simulated flight is published as the default stream.
  var fliesDemo = false
  /// Whether every stream is recorded.
  var records = false
  /// Whether the address that makes a phone the camera is shown as a code to scan, with the token that it needs.
  var showsPhoneCode = false
  /// Whether SLAM and detection run on the streams that the settings name.
  var perceives = false

  func run() async throws {
    OpenFileLimit.raise()
    let access = try ServerAccess(settings, tokens: tokens)
    let registry = PrometheusRegistry()
    MetricsSystem.bootstrap(PrometheusMetricsFactory(registry: registry))
    ProcessMetrics.install(in: registry)
    FFmpegMessages.toLog()
    let group = MultiThreadedEventLoopGroup(
      numberOfThreads: settings.server.eventLoops > 0 ? settings.server.eventLoops : System.coreCount)
    do {
      let clock = try ServerClock(settings, group: group)
      let connection = try BusConnection(settings, clocks: clock.clocks)
      let tracing = ServerTracing(settings, node: settings.nodeName, clocks: clock.clocks, group: group)
      let bus = TracedBus(connection.bus, tracing: tracing.frames)
      let events = try ServerEvents(settings, node: settings.nodeName, bus: bus, clocks: clock.clocks, group: group)
      let relay = Relay(
        configuration: RelayConfiguration(
          publisherGrace: settings.server.grace, overridesPublisher: settings.server.overridePublisher,
          groupCacheBytes: settings.relay.groupOfPicturesBytes),
        clocks: clock.clocks, tracing: tracing.frames, logger: Logger(label: "relay"), onEvent: events.relaySink)
      let busVideo = BusVideoWiring(
        settings, connection: connection, bus: bus, relay: relay, clocks: clock.clocks)
      let storage = RecordingStorage(settings)
      let rtsp = try await RTSPOutput(settings, access: access.policy, relay: relay, group: group)
      let logs = records ? SessionLogs.make(settings, bus: bus, clocks: clock.clocks) : nil
      let recorder =
        records
        ? storage.recorder(
          of: relay, settings, tracing: tracing.frames, logs: logs, onEvent: events.recordingSink) : nil
      let hub = TelemetryHub(
        settings, bus: bus, events: events.events, clocks: clock.clocks, recorder: recorder)
      let slam = perceives ? try SLAMRole.make(settings, bus: bus, relay: relay, recorder: recorder) : nil
      let detection = perceives ? try DetectionRole(settings, bus: bus, relay: relay, group: group) : nil
      let foxglove = FoxgloveBridge(
        relay: relay, bus: bus, clocks: clock.clocks, version: Version.current, logger: Logger(label: "foxglove"))
      let rerun = try RerunOutput.make(settings, bus: bus, relay: relay)
      let cot = try CoTOutput.make(settings, bus: bus, group: group, clocks: clock.clocks)
      let objects = slam != nil && detection != nil ? ObjectMapRole.make(settings, bus: bus) : nil
      let gateway = Gateway(
        configuration: try gatewayConfiguration(access, rtspPort: rtsp.port), relay: relay,
        providers: GatewayProviders(
          metrics: { registry.exposition() }, rtsp: { rtsp.report }, recordings: { await storage.reports() },
          recordingFile: { storage.path(session: $0, file: $1) },
          recordingResults: { storage.results(session: $0) }, storage: { storage.report },
          notReadyReason: { rtsp.notReadyReason },
          clock: { clock.report }, elsewhere: busVideo.elsewhere,
          detection: DetectionRole.controls(detection, bus: bus, clocks: clock.clocks),
          sockets: [foxglove.endpoint(recordings: storage)], objects: ObjectMapRole.list(objects)),
        telemetry: hub, version: Version.current, group: group, logger: Logger(label: "gateway"),
        onListening: { [settings, showsPhoneCode] port in
          let banner = ServerBanner(settings: settings, access: access, port: port, rtspPort: rtsp.port)
          Console.print(showsPhoneCode ? banner.textWithPhoneCode : banner.text)
        })
      try connection.announceStart()
      // Who others depend on comes first, so that it stops last.
      var services: [any Service] = clock.services + connection.services + tracing.services + [bus] + events.services
      services += busVideo.services + rtsp.services + [hub, foxglove, gateway]
      let optional: [(any Service)?] = [rerun, cot, logs, recorder, objects]
      services += optional.compactMap(\.self)
      services += detection?.services ?? []
      services += PerceptionRole.services(
        [slam, detection?.role].compactMap(\.self), of: relay, tracing: tracing)
      if fliesDemo { services.append(demoFlight(relay, hub)) }
      try await Services.run(services, logger: Logger(label: "lifecycle"))
    } catch {
      try? await group.shutdownGracefully()
      throw explained(error)
    }
    try await group.shutdownGracefully()
  }

  private func demoFlight(_ relay: Relay, _ hub: TelemetryHub) -> DemoFlight {
    DemoFlight(
      options: FlightPublisher.Options(settings.simulator), hub: hub, relay: relay, logger: Logger(label: "demo"))
  }

  private func gatewayConfiguration(_ access: ServerAccess, rtspPort: Int?) throws -> GatewayConfiguration {
    var limits = GatewayLimits()
    limits.connections = ConnectionLimits(
      total: settings.server.maxConnections, perAddress: settings.server.maxConnectionsPerAddress)
    limits.publisherMessageBytes = settings.server.maxMessageBytes
    limits.idleTime = .nanoseconds(settings.server.idleTimeout.value)
    limits.webSocketIdleTime = .nanoseconds(settings.server.idleTimeout.value)
    var configuration = GatewayConfiguration(
      host: settings.server.host, port: settings.server.port, access: access.policy, origins: access.origins,
      tls: try access.tls?.serverConfiguration(), limits: limits, rtspPort: rtspPort)
    configuration.addresses = LocalAddresses.reachable(at: settings.server.host)
    return configuration
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
