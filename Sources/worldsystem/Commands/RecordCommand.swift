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
    let connection = try BusConnection(settings.forService("record", node: node), clocks: .system)
    let bus = TracedBus(connection.bus, tracing: tracing.frames)
    let events = try ServerEvents(settings, node: node, bus: bus, group: group)
    let recorderOptions = RecorderOptions(settings)
    let recorder = Recorder(
      stream: StreamNames.stream(ofSource: from), options: recorderOptions, metrics: RecordingMetrics(),
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
    if let address = try MetricsAddress.read(metrics) {
      let monitoring = MonitoringServer(
        address: address, service: "worldsystem-recorder", metrics: { registry.exposition() },
        unhealthyReason: { recorder.pauseReason.map { "\($0)" } }, logger: Logger(label: "monitoring"))
      services.append(.init(service: monitoring))
    }
    // The end of the source is the end of the command.
    services.append(.init(service: runner, successTerminationBehavior: .gracefullyShutdownGroup))
    try await Services.run(services, logger: Logger(label: "lifecycle"))
  }

  func validate() throws { _ = try MetricsAddress.read(metrics) }
}
