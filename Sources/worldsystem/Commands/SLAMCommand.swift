import ArgumentParser
import Clocks
import Logging
import Recording
import SLAMService
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

      With --map NAME.wsmap the map outlives the process: where the file exists, the camera is looked for in its map, \
      poses are in its axes, and what is seen beyond is added. It is written at the end, and of live video every minute.

      EXAMPLES
        worldsystem slam --from flight.mp4 --trajectory path.txt --map map.ply
        worldsystem slam --from flight.mp4 --times times.txt --camera camera.json --imu imu.csv --trajectory path.txt
        worldsystem slam --from flight.mp4 --gps gps.csv --positions positions.csv
        worldsystem slam --from tuesday.mp4 --map yard.wsmap --trajectory path.txt
        worldsystem slam --from ws://server:5001/ws/h264_stream?stream=drone --skip 2
      """)

  @OptionGroup var consumer: ConsumerOptions

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

  @Option(
    help: ArgumentHelp(
      "Satellite fixes beside a file: seconds, latitude, longitude, altitude a line.", valueName: "file"),
    completion: .file())
  var gps: String?

  @Option(help: ArgumentHelp("Write the pose of each frame there, at the end.", valueName: "file"), completion: .file())
  var trajectory: String?

  @Option(
    help: ArgumentHelp(
      "Write where on Earth the camera was in each frame there, at the end.", valueName: "file"), completion: .file())
  var positions: String?

  @Option(
    help: ArgumentHelp(
      "Keep the map there: as PLY for a name in .ply, else so that later runs go on with it.", valueName: "file"),
    completion: .file())
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

  @Flag(help: "Keep to the points that tracking needs: no depth of key frames.")
  var noDense = false

  @OptionGroup var common: ConfigurationOptions

  /// Where the map goes as PLY.
  private var cloud: String? { map.flatMap { $0.lowercased().hasSuffix(".ply") ? $0 : nil } }

  func run() async throws {
    let settings = try common.load([
      "slam.frame_skip": skip, "slam.camera_file": camera, "slam.map_file": cloud == nil ? map : nil,
      "slam.dense": noDense ? "false" : nil,
    ])
    let isLive = try VideoSource(consumer.from).isLive
    let options = try serviceOptions(settings, isLive: isLive)
    let process = try ConsumerProcess(settings, name: "slam")
    let slam = SLAMService(options: options, bus: process.bus, metrics: SLAMMetrics(), logger: Logger(label: "slam"))
    if let imu { slam.add(try SLAMInput.motion(imu)) }
    if let gps { slam.add(try SLAMInput.fixes(gps)) }
    let messages = isLive ? [SLAMMessages(of: process.bus, for: slam, stream: consumer.stream)] : []
    try await process.run(slam, consumer, with: messages)
    try SLAMFiles(trajectory: trajectory, cloud: cloud, colmap: colmap).write(slam.results)
    if let problem = slam.problem, !isLive { throw CommandFailure(.usage, "\(consumer.from): \(problem)") }
    if let failure = slam.mapFailure { throw CommandFailure(.failure, failure) }
    if let file = options.mapFile, !isLive, !slam.hasMapGrown {
      Console.error(
        "\(file.path): \(options.earlierMap == nil ? "there is no map to keep" : "nothing was added to it")")
    }
    if let positions { try SLAMFiles.writePositions(slam.results, to: positions) }
  }

  private func serviceOptions(_ settings: Settings, isLive: Bool) throws -> SLAMServiceOptions {
    var options = try SLAMServiceOptions(settings.slam, stream: consumer.stream)
    options.times = try times.map(SLAMInput.times)
    // Of a file each frame counts, unless somebody asks for less just there.
    if !isLive && skip == nil { options.frameSkip = 1 }
    options.keepsResults = [trajectory, cloud, colmap, positions].contains { $0 != nil }
    if !isLive { options.queuedSamples = .max }
    if let dataFolder {
      let session = dataFolder + "/" + SessionID(start: SystemClocks.system.wall()).text
      options.sessionFolder = { session }
    }
    return options
  }

  func validate() throws {
    if times != nil || imu != nil || gps != nil, consumer.from.contains("://"), !consumer.from.hasPrefix("file://") {
      throw ValidationError("--times, --imu and --gps belong to a file; of live video the server has them")
    }
  }
}

extension SLAMServiceOptions {
  /// What the settings ask for.
  init(_ settings: Settings.SLAM, stream: String) throws {
    self.init(stream: stream)
    camera = try settings.cameraFile.map(SLAMInput.camera)
    frameSkip = settings.frameSkip
    if !settings.usesSharedMemory { sharedMemory = nil }
    mapFile = settings.mapFile.map { SavedMapFile($0) }
    earlierMap = try mapFile.flatMap(SLAMInput.map)
    isDense = settings.isDense
  }
}
