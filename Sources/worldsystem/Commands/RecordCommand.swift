import ArgumentParser
import Clocks
import Foundation
import Gateway
import Logging
import MessageBus
import Metrics
import NIOPosix
import Observability
import Recording
import ServiceLifecycle
import Settings
import VideoConsumer

struct RecordCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record",
    abstract: "Record a stream of another process, or a file: the storage service.",
    discussion: """
      Writes a folder for each session with MP4 segments, stills and metadata.json. A live source that fails is tried \
      again after 2 to 30 seconds; a file is read once, as fast as it goes.

      EXAMPLES
        worldsystem record
        worldsystem record --from rtsp://camera/stream1 --data /srv/recordings
        worldsystem record --from flight.mp4
      """)

  @Option(
    help: ArgumentHelp(
      "ws://HOST:PORT/ws/h264_stream?stream=NAME, wss://..., rtsp://... or a file.", valueName: "source"),
    completion: .file())
  var from = "ws://127.0.0.1:5001/ws/h264_stream?stream=drone"

  @Option(
    name: .customLong("data"), help: ArgumentHelp("Folder for recordings. (default: recordings)", valueName: "folder"),
    completion: .directory)
  var dataFolder: String?

  @Option(
    help: ArgumentHelp(
      "Token for the server. Other users can see flags; better set WORLDSYSTEM_TOKEN.", valueName: "token"))
  var token: String?

  @Option(
    help: ArgumentHelp(
      "Serve /health and /metrics there; without HOST on this machine only. (default: nowhere)",
      valueName: "host:port"))
  var metrics: String?

  @OptionGroup var common: ConfigurationOptions

  func run() async throws {
    let settings = try common.load(["recording.path": dataFolder])
    FFmpegMessages.toLog()
    let logger = Logger(label: "record")
    let registry = PrometheusRegistry()
    MetricsSystem.bootstrap(PrometheusMetricsFactory(registry: registry))
    ProcessMetrics.install(in: registry)
    let group = MultiThreadedEventLoopGroup.singleton
    let node = settings.bus.node ?? "\(ProcessInfo.processInfo.hostName):record"
    let tracing = ServerTracing(settings, node: node, group: group)
    let connection = try BusConnection(Self.busSettings(settings, node: node), clocks: .system)
    let bus = TracedBus(connection.bus, tracing: tracing.frames)
    let events = try ServerEvents(settings, node: node, bus: bus, group: group)
    let recorderOptions = RecorderOptions(settings)
    let recorder = Recorder(
      stream: Self.streamName(of: from), options: recorderOptions, metrics: RecordingMetrics(),
      tracing: tracing.frames, logger: logger, onEvent: events.recordingSink)
    var options = ConsumerRunner.Options()
    options.queuedUnits = Recorder.queuedUnits
    options.tracing = tracing.frames
    let runner = ConsumerRunner(
      source: try VideoSource(from), token: token ?? ProcessInfo.processInfo.environment["WORLDSYSTEM_TOKEN"],
      consumers: [recorder], options: options, logger: logger)
    let care = RecorderCare(recorder: recorder, keeper: RecordingKeeper(options: recorderOptions, logger: logger))
    // Who others depend on comes first, so that it stops last.
    var services = (connection.services + tracing.services + [bus] + events.services + [care]).map {
      ServiceGroupConfiguration.ServiceConfiguration(service: $0)
    }
    if let address = try metricsAddress() {
      let monitoring = MonitoringServer(
        address: address, service: "worldsystem-recorder", metrics: { registry.exposition() },
        unhealthyReason: { recorder.pauseReason.map { "\($0)" } }, logger: Logger(label: "monitoring"))
      services.append(.init(service: monitoring))
    }
    // The end of the source is the end of the command.
    services.append(.init(service: runner, successTerminationBehavior: .gracefullyShutdownGroup))
    try await Services.run(services, logger: Logger(label: "lifecycle"))
  }

  /// A server that shares these settings has a spool of its own: two processes must not write the same.
  private static func busSettings(_ settings: Settings, node: String) -> Settings {
    var changed = settings
    changed.bus.node = node
    changed.bus.spoolPath = (settings.bus.spoolPath ?? settings.recording.path + "/spool") + "-record"
    return changed
  }

  func validate() throws { _ = try metricsAddress() }

  private func metricsAddress() throws -> MonitoringServer.Address? {
    guard let metrics else { return nil }
    guard let address = MonitoringServer.Address(metrics) else {
      throw ValidationError("--metrics takes HOST:PORT or PORT, such as 127.0.0.1:9101, not '\(metrics)'")
    }
    return address
  }

  /// The stream in the query of a URL, else the last part of its path, for the metadata.
  private static func streamName(of source: String) -> String {
    guard let parts = URLComponents(string: source), parts.scheme != nil else { return "drone" }
    if let named = parts.queryItems?.first(where: { $0.name == "stream" })?.value { return named }
    let last = parts.path.split(separator: "/").last.map(String.init) ?? ""
    return parts.scheme?.hasPrefix("rtsp") == true && !last.isEmpty ? last : "drone"
  }
}
