import ArgumentParser
import FFmpeg
import Logging
import MediaModel
import Publishing

struct PublishCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "publish",
    abstract: "Send anything that libavformat reads: files, cameras, RTSP, RTMP, SRT, MPEG-TS.",
    discussion: """
      H.264 is copied as it is; anything else is encoded again. A source that breaks is opened again.

      EXAMPLES
        worldsystem publish rtsp://camera/stream1 --stream roof
        worldsystem publish rtmp://0.0.0.0:1935/live/drone --listen      for DJI apps
        worldsystem publish /dev/video0 --format v4l2
        ffmpeg ... -f mpegts - | worldsystem publish -
      """)

  @Argument(help: ArgumentHelp("What to read; - is standard input.", valueName: "url|file|-"), completion: .file())
  var source: String

  @OptionGroup var target: PublishOptions

  @Option(help: ArgumentHelp("Format, where it cannot be guessed, such as v4l2 or h264.", valueName: "name"))
  var format: String?

  @Flag(help: "Wait for the source to connect to us (RTMP, TCP).")
  var listen = false

  @Flag(help: "Start a file again when it ends.")
  var loop = false

  @OptionGroup var common: ConfigurationOptions

  func run() async throws {
    _ = try common.load()
    FFmpegMessages.toLog()
    var options = SourcePublisher.Options()
    options.demuxer.format = format
    options.demuxer.listens = listen
    if listen { options.demuxer.openTimeout = nil }
    options.loops = loop
    let publisher = try SourcePublisher(
      MediaLocation(source), options: options, logger: Logger(label: "publish"))
    try await target.run(source: "publish") { try await publisher.run(to: $0) }
  }
}
