import ArgumentParser
import DetectionService
import Logging
import PosixFiles
import ServiceLifecycle
import Settings
import Threading
import VideoConsumer

struct DetectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detect",
    abstract: "Find objects, cut them out and follow them: the frame_processor service.",
    discussion: """
      Objects go to the bus, and with --results to a file: one JSON object a line with identifiers, labels, boxes and \
      masks. A live source that fails is tried again after 2 to 30 seconds, and frames that there is no time for are \
      skipped. A file is read once, every frame, as fast as it goes; the same file gives the same results.

      Without a model it finds what moves, from a camera that moves too. Phones, the page and REST may choose another \
      mode or prompt while it runs.

      EXAMPLES
        worldsystem detect --from flight.mp4 --results objects.jsonl
        worldsystem detect --from flight.mp4 --models models --prompt "person. red car." --results objects.jsonl
        worldsystem detect --from flight.mp4 --poses path.txt --camera camera.json --map map.ply --objects list.geojson
        worldsystem detect --from flight.mp4 --models models --triton gpu:8001 --results objects.jsonl
        worldsystem detect --from ws://server:5001/ws/h264_stream?stream=drone --metrics 9101
      """)

  @OptionGroup var consumer: ConsumerOptions

  @Option(
    help: ArgumentHelp(
      "What to look for, where the model can be told: names with a full stop behind each.", valueName: "text"))
  var prompt: String?

  @Option(help: ArgumentHelp("A model by its name, motion, or none. (default: the best there is)", valueName: "name"))
  var model: String?

  @Option(help: ArgumentHelp("Folder of models. (default: models)", valueName: "folder"), completion: .directory)
  var models: String?

  @Option(
    help: ArgumentHelp(
      "Run models on this server of the Open Inference Protocol, as MODEL.NETWORK.", valueName: "host:port"))
  var triton: String?

  @Option(help: ArgumentHelp("Write the objects of each frame there.", valueName: "file"), completion: .file())
  var results: String?

  @OptionGroup var whereabouts: ObjectOptions

  @Option(help: ArgumentHelp("Look at every n-th frame. (default: 1)", valueName: "n"))
  var skip: String?

  @OptionGroup var common: ConfigurationOptions

  func run() async throws {
    let settings = try common.load([
      "detect.prompt": prompt, "detect.model": model, "detect.models": models, "detect.frame_skip": skip,
      "detect.triton": triton,
    ])
    let isLive = try VideoSource(consumer.from).isLive
    try await DetectionServer.check(settings.detection)
    // A file waits for a server that starts again; live video goes on meanwhile.
    let source = try InstalledFinders.make(settings.detection, deadline: .seconds(isLive ? 10 : 300))
    var options = DetectionServiceOptions(settings.detection, stream: consumer.stream)
    // Of a file each frame counts, unless somebody asks for less just there.
    if !isLive && skip == nil { options.frameSkip = 1 }
    options.results = try results.map { try Self.resultsFile($0, isLive: isLive) }
    let objects = try whereabouts.recordedObjects(isLive: isLive)
    options.places = objects.map(ObjectOptions.places)
    let process = try ConsumerProcess(settings, name: "detection")
    let identification = try IdentificationRole(
      settings, stream: consumer.stream, bus: process.bus, group: process.group)
    options.watch = identification?.watch
    let detection = DetectionService(
      options: options, source: source, bus: process.bus, metrics: DetectionMetrics(),
      logger: Logger(label: "detection"))
    try await Self.prepare(detection)
    let messages: [any Service] =
      isLive ? [DetectionMessages(of: process.bus, for: detection, stream: consumer.stream)] : []
    try await process.run(
      detection, consumer, with: (identification?.services ?? []) + messages,
      unhealthyReason: { detection.unhealthyReason })
    if let objects { try whereabouts.write(objects, stream: consumer.stream) }
    if let failure = options.results?.failure { throw CommandFailure(.failure, "\(failure)") }
    if let problem = detection.frameProblem, !isLive {
      throw CommandFailure(.failure, "\(consumer.from): \(problem)")
    }
  }

  private static func resultsFile(_ path: String, isLive: Bool) throws -> DetectionResultsFile {
    do throws(FileFailure) { return try DetectionResultsFile(path, isLive: isLive) } catch {
      throw CommandFailure(.usage, "\(error)")
    }
  }

  /// Loads the model, so that what is wrong with it is known before there is video.
  private static func prepare(_ detection: DetectionService) async throws {
    let thread = ThreadExecutor(name: "detection")
    do {
      try await withTaskExecutorPreference(thread) { try await detection.prepare() }
    } catch {
      throw CommandFailure(.usage, "detection cannot be started: \(error)")
    }
  }
}
