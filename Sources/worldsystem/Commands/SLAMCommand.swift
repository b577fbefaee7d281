import ArgumentParser
import Clocks
import Foundation
import Gateway
import Logging
import MapFormats
import MediaModel
import MessageBus
import Metrics
import NIOPosix
import Observability
import Recording
import SLAMService
import ServiceLifecycle
import Settings
import VideoConsumer

struct SLAMCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "slam",
    abstract: "Find out where the camera is, and map what it sees: the slam3r service.",
    discussion: """
      Poses go to the bus; key frames to shared memory, and with --data to disk. A live source that fails is tried again \
      after 2 to 30 seconds. A file is read once, every frame, as fast as it goes; the same file gives the same files.

      A trajectory is written as TUM; names that end in .csv are EuRoC, in .kitti KITTI. When the camera was lost and \
      found itself nowhere, a new map was begun: the map with the most frames is in the file that was named, others in \
      files with -map-N in their names.

      EXAMPLES
        worldsystem slam --from flight.mp4 --trajectory path.txt --map map.ply
        worldsystem slam --from flight.mp4 --times times.txt --camera camera.json --imu imu.csv --trajectory path.txt
        worldsystem slam --from ws://server:5001/ws/h264_stream?stream=drone --skip 2
      """)

  @Option(
    help: ArgumentHelp(
      "ws://HOST:PORT/ws/h264_stream?stream=NAME, wss://..., rtsp://... or a file.", valueName: "source"),
    completion: .file())
  var from = "ws://127.0.0.1:5001/ws/h264_stream?stream=drone"

  @Option(
    help: ArgumentHelp("camera.json: lens, shutter, where the IMU sits. (default: a phone's)", valueName: "file"),
    completion: .file())
  var camera: String?

  @Option(
    help: ArgumentHelp("Capture times of a file's frames: index and seconds a line.", valueName: "file"),
    completion: .file())
  var times: String?

  @Option(
    help: ArgumentHelp("Motion samples beside a file: t_ns,gx,gy,gz,ax,ay,az a line.", valueName: "file"),
    completion: .file())
  var imu: String?

  @Option(help: ArgumentHelp("Write the pose of each frame there, at the end.", valueName: "file"), completion: .file())
  var trajectory: String?

  @Option(help: ArgumentHelp("Write the map there as PLY, at the end.", valueName: "file"), completion: .file())
  var map: String?

  @Option(
    help: ArgumentHelp(
      "Write cameras.txt, images.txt and points3D.txt of COLMAP there, at the end.", valueName: "folder"),
    completion: .directory)
  var colmap: String?

  @Option(help: ArgumentHelp("Look at every n-th frame. (default: 3, of a file 1)", valueName: "n"))
  var skip: String?

  @Option(
    name: .customLong("data"),
    help: ArgumentHelp("Keep key frames and their poses in a session there.", valueName: "folder"),
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
    let settings = try common.load(["slam.frame_skip": skip, "slam.camera_file": camera])
    FFmpegMessages.toLog()
    let logger = Logger(label: "slam")
    let registry = PrometheusRegistry()
    MetricsSystem.bootstrap(PrometheusMetricsFactory(registry: registry))
    ProcessMetrics.install(in: registry)
    let group = MultiThreadedEventLoopGroup.singleton
    let source = try VideoSource(from)
    let node = settings.bus.node ?? "\(ProcessInfo.processInfo.hostName):slam"
    let tracing = ServerTracing(settings, node: node, group: group)
    let connection = try BusConnection(settings.forService("slam", node: node), clocks: .system)
    let bus = TracedBus(connection.bus, tracing: tracing.frames)
    let slam = SLAMService(
      options: try serviceOptions(settings, source: source), bus: bus, metrics: SLAMMetrics(), logger: logger)
    if let imu { slam.add(try SLAMInput.motion(imu)) }
    var options = ConsumerRunner.Options()
    options.tracing = tracing.frames
    let runner = ConsumerRunner(
      source: source, token: token ?? ProcessInfo.processInfo.environment["WORLDSYSTEM_TOKEN"], consumers: [slam],
      options: options, logger: logger)
    // Who others depend on comes first, so that it stops last.
    var services = (connection.services + tracing.services + [bus]).map {
      ServiceGroupConfiguration.ServiceConfiguration(service: $0)
    }
    if source.isLive {
      services.append(
        .init(service: SLAMMessages(of: bus, for: slam, stream: StreamNames.stream(ofSource: from))))
    }
    if let address = try MetricsAddress.read(metrics) {
      let monitoring = MonitoringServer(
        address: address, service: "worldsystem-slam", metrics: { registry.exposition() },
        unhealthyReason: { nil }, logger: Logger(label: "monitoring"))
      services.append(.init(service: monitoring))
    }
    // The end of the source is the end of the command.
    services.append(.init(service: runner, successTerminationBehavior: .gracefullyShutdownGroup))
    try await Services.run(services, logger: Logger(label: "lifecycle"))
    let files = SLAMFiles(trajectory: trajectory, map: map, colmap: colmap)
    try files.write(slam.results)
    if let problem = slam.problem, !source.isLive { throw CommandFailure(.usage, "\(from): \(problem)") }
  }

  private func serviceOptions(_ settings: Settings, source: VideoSource) throws -> SLAMServiceOptions {
    var options = SLAMServiceOptions(stream: StreamNames.stream(ofSource: from))
    options.camera = try settings.slam.cameraFile.map(SLAMInput.camera)
    options.times = try times.map(SLAMInput.times)
    // Of a file each frame counts, unless somebody asks for less just there.
    options.frameSkip = source.isLive || skip != nil ? settings.slam.frameSkip : 1
    options.keepsResults = [trajectory, map, colmap].contains { $0 != nil }
    if !source.isLive { options.queuedSamples = .max }
    if !settings.slam.usesSharedMemory { options.sharedMemory = nil }
    if let dataFolder {
      let session = dataFolder + "/" + SessionID(start: SystemClocks.system.wall()).text
      options.sessionFolder = { session }
    }
    return options
  }

  func validate() throws {
    _ = try MetricsAddress.read(metrics)
    if times != nil || imu != nil, from.contains("://"), !from.hasPrefix("file://") {
      throw ValidationError("--times and --imu belong to a file; of live video the server has them")
    }
  }
}
