import ArgumentParser
import FFmpeg
import Foundation
import Logging
import MediaModel
import Publishing
import RabbitMQBus
import Settings

struct SimulateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Act as a phone: send a file at its own pace, or a simulated flight.",
    discussion: """
      A flight sends what its sensors say beside the video; a file does with --imu.

      EXAMPLES
        worldsystem simulate flight.mp4 --loop
        worldsystem simulate video.mp4 --imu imu.csv --gps gps.csv
        worldsystem simulate --flight --seed 7 --stream second
        worldsystem simulate --flight --duration 60 --truth truth
        worldsystem simulate --flight --results-to amqp://guest:guest@127.0.0.1:5672/
      """)

  @Argument(help: ArgumentHelp("Video to send.", valueName: "file"), completion: .file())
  var file: String?

  @Flag(help: "Render a flight instead of reading a file.")
  var flight = false

  @OptionGroup var target: PublishOptions

  @Flag(help: "Start the file again when it ends.")
  var loop = false

  @Option(help: ArgumentHelp("Seconds of video in one second.", valueName: "factor"))
  var speed = 1.0

  @Option(help: ArgumentHelp("End after so much video. (default: never, or with the file)", valueName: "seconds"))
  var duration: Double?

  @Option(help: ArgumentHelp("With --flight: the same number gives the same flight. (default: 1)", valueName: "number"))
  var seed: String?

  @Option(
    help: ArgumentHelp("With --flight: write poses, camera, IMU, GPS and objects there.", valueName: "folder"),
    completion: .directory)
  var truth: String?

  @Option(
    help: ArgumentHelp(
      """
      With --flight: publish the truth of the simulation on this broker, as services would publish what they find: \
      objects with masks, poses, identifications and points. It is no detection.
      """, valueName: "url"))
  var resultsTo: String?

  @Option(
    help: ArgumentHelp("With a file: send these readings in time with it.", valueName: "imu.csv"), completion: .file())
  var imu: String?

  @Option(
    help: ArgumentHelp("With --imu: send these positions too.", valueName: "gps.csv"), completion: .file())
  var gps: String?

  @OptionGroup var common: ConfigurationOptions

  func validate() throws {
    guard (file != nil) != flight else { throw ValidationError("give either a file or --flight") }
    if !flight, seed != nil || truth != nil || resultsTo != nil {
      throw ValidationError("--seed, --truth and --results-to need --flight")
    }
    if flight, loop { throw ValidationError("--loop needs a file; a flight goes on for ever") }
    if flight, imu != nil { throw ValidationError("--imu needs a file; a flight has sensors of its own") }
    if gps != nil, imu == nil { throw ValidationError("--gps needs --imu") }
    guard speed > 0, duration ?? 1 > 0 else { throw ValidationError("--speed and --duration must be above 0") }
  }

  func run() async throws {
    let settings = try common.load(["simulator.seed": seed])
    FFmpegMessages.toLog()
    let logger = Logger(label: "simulate")
    let duration = duration.map { Nanoseconds.seconds($0) }
    if let file {
      var options = SourcePublisher.Options()
      options.loops = loop
      options.speed = speed
      options.duration = duration
      options.isPaced = true
      var telemetry: TelemetryClient?
      if let sensors = try recordedSensors() {
        let client = try target.telemetryClient(source: "simulator.telemetry")
        let player = RecordedSensorPlayer(sensors, speed: speed) { await client.send($0) }
        options.onPicture = { await player.played($0) }
        telemetry = client
      }
      let publisher = try SourcePublisher(MediaLocation(file), options: options, logger: logger)
      try await target.run(source: "simulator", telemetry: telemetry) { try await publisher.run(to: $0) }
    } else {
      var options = FlightPublisher.Options(settings.simulator)
      options.speed = speed
      options.duration = duration
      options.truthFolder = truth
      let flight = options
      guard let resultsTo else { return try await fly(flight, logger) }
      try await ResultsBus.run(to: resultsTo, logger: logger) { bus in
        var flight = flight
        flight.results = FlightResults(stream: target.stream) { bus.publish($0) }
        try await fly(flight, logger)
      }
    }
  }

  private func fly(_ flight: FlightPublisher.Options, _ logger: Logger) async throws {
    var options = flight
    let telemetry = try target.telemetryClient(source: "simulator.telemetry")
    options.onReadings = { readings in for reading in readings { await telemetry.send(reading.message) } }
    let publisher = try FlightPublisher(options: options, logger: logger)
    try await target.run(source: "simulator", telemetry: telemetry) { try await publisher.run(to: $0) }
  }

  private func recordedSensors() throws -> RecordedSensors? {
    guard let imu else { return nil }
    let times = URL(filePath: imu).deletingLastPathComponent().appending(path: "times.txt").path
    return try RecordedSensors(imuFile: imu, gpsFile: gps, timesFile: times)
  }
}

extension FlightPublisher.Options {
  /// The flight that the settings ask for.
  init(_ settings: Settings.Simulator) {
    self.init()
    seed = settings.seed
    resolution = settings.resolution
    frameRate = FrameRate(settings.framesPerSecond)
    encoder.rate = .bitsPerSecond(settings.bitsPerSecond)
  }
}
