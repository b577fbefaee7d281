import ArgumentParser
import Clocks
import Logging
import Recording
import SessionLog
import Settings
import VideoConsumer

struct RecordCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record",
    abstract: "Record a stream of another process, or a file: the storage service.",
    discussion: """
      Writes a folder for each session with MP4 segments, stills, metadata.json and session.mcap. A live source that fails is tried \
      again after 2 to 30 seconds; a file is read once, as fast as it goes.

      EXAMPLES
        worldsystem record
        worldsystem record --from rtsp://camera/stream1 --data /srv/recordings
        worldsystem record --from flight.mp4
      """)

  @OptionGroup var consumer: ConsumerOptions

  @Option(
    name: .customLong("data"), help: ArgumentHelp("Folder for recordings. (default: recordings)", valueName: "folder"),
    completion: .directory)
  var dataFolder: String?

  @Flag(name: .customLong("no-mcap"), help: "Write no MCAP file beside the video.")
  var writesNoMCAP = false

  @OptionGroup var common: ConfigurationOptions

  func run() async throws {
    let settings = try common.load(["recording.path": dataFolder, "recording.mcap": writesNoMCAP ? "false" : nil])
    let process = try ConsumerProcess(settings, name: "record")
    let logger = Logger(label: "record")
    let events = try ServerEvents(settings, node: process.node, bus: process.bus, group: process.group)
    var options = RecorderOptions(settings)
    options.waitsForStills = try !VideoSource(consumer.from).isLive
    let logs = SessionLogs.make(settings, bus: process.bus, clocks: .system, isLive: !options.waitsForStills)
    let recorder = Recorder(
      stream: consumer.stream, options: options, metrics: RecordingMetrics(), tracing: process.tracing.frames,
      companion: logs?.maker, logger: logger, onEvent: events.recordingSink)
    let care = RecorderCare(recorder: recorder, keeper: RecordingKeeper(options: options, logger: logger))
    try await process.run(
      recorder, consumer, queuedUnits: Recorder.queuedUnits, with: events.services + (logs.map { [$0] } ?? []) + [care],
      unhealthyReason: { recorder.pauseReason.map { "\($0)" } })
  }
}
