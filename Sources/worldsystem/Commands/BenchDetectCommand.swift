import ArgumentParser
import DetectionBenchmark
import Foundation
import Inference
import ModelStore
import Threading

struct BenchDetectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detect",
    abstract: "Measure detection: on simulated flights, or with the networks of a folder.",
    discussion: """
      --motion measures the mode without a model. Each flight over a simulated city is rendered, encoded and decoded, and \
      what is found is compared with what is there: boxes match at an intersection over union of 0.5. An object is \
      wanted where it shows 1,024 pixels or more and moved by itself by 6 pixels or more in the last half second; smaller \
      or slower ones that move count neither way. Times are processor time of the one thread that finds and follows.

      --models measures how long each stage of a frame takes with a detector and a segmenter of that folder, whose weights \
      may be random, on a flight or the video of --from. With --soak objects come and go for so many frames instead, and \
      what stays in memory is printed each 1,000 of them.

      EXAMPLES
        worldsystem bench detect --motion
        worldsystem bench detect --motion --flights 1 --flight-seconds 60 --json
        worldsystem bench detect --models models
        worldsystem bench detect --models tiny --soak 10000
      """)

  @Flag(help: "Measure the motion mode.")
  var motion = false

  @Option(help: ArgumentHelp("Simulated flights, each of the next seed.", valueName: "count"))
  var flights = 3

  @Option(help: ArgumentHelp("How long each flight is.", valueName: "seconds"))
  var flightSeconds = 60.0

  @Option(help: ArgumentHelp("Seed of the first flight.", valueName: "number"))
  var firstSeed: UInt64 = 1

  @Option(
    help: ArgumentHelp("Write there what the motion mode is fitted to, two files a flight.", valueName: "folder"),
    completion: .directory)
  var samples: String?

  @Option(
    help: ArgumentHelp("Measure grounded tracking with the models of this folder.", valueName: "folder"),
    completion: .directory)
  var models: String?

  @Option(help: ArgumentHelp("Detector in the folder. (default: the first there is)", valueName: "name"))
  var detector: String?

  @Option(help: ArgumentHelp("Segmenter in the folder. (default: the first there is)", valueName: "name"))
  var segmenter: String?

  @Option(
    name: .customLong("from"), help: ArgumentHelp("Video instead of a flight.", valueName: "file"),
    completion: .file())
  var source: String?

  @Option(help: ArgumentHelp("Frames before those that count.", valueName: "count"))
  var leadFrames = 16

  @Option(help: ArgumentHelp("Frames that count.", valueName: "count"))
  var frames = 20

  @Option(help: ArgumentHelp("Objects to follow.", valueName: "count"))
  var objects = 2

  @Option(help: ArgumentHelp("Frames from one search for objects to the next.", valueName: "count"))
  var interval = 5

  @Option(help: ArgumentHelp("Threads of a network. (default: one a core)", valueName: "count"))
  var threads: Int?

  @Option(
    help: ArgumentHelp("Let objects come and go for so many frames, and look at the memory.", valueName: "frames"))
  var soak: Int?

  @Flag(help: "Wait for a line on standard input before each frame, and print each as a line of JSON.")
  var step = false

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard motion != (models != nil) else { throw ValidationError("say what to measure: --motion or --models") }
    guard (1...100).contains(flights), (2...3_600).contains(flightSeconds) else {
      throw ValidationError("--flights is 1 to 100, --flight-seconds 2 to 3600")
    }
    guard (0...10_000).contains(leadFrames), (1...100_000).contains(frames), (1...10_000).contains(interval) else {
      throw ValidationError("--lead-frames is 0 to 10000, --frames 1 to 100000, --interval 1 to 10000")
    }
    guard (1...64).contains(objects), (1...1_024).contains(threads ?? 1) else {
      throw ValidationError("--objects is 1 to 64, --threads 1 to 1024")
    }
    guard (1_000...100_000_000).contains(soak ?? 1_000) else { throw ValidationError("--soak is 1000 or more frames") }
    guard firstSeed < 1 << 32 else { throw ValidationError("--first-seed is below 4294967296") }
    guard motion || samples == nil else { throw ValidationError("--samples needs --motion") }
    guard models != nil || (soak == nil && !step) else { throw ValidationError("--soak and --step need --models") }
  }

  func run() async throws {
    FFmpegMessages.toLog()
    guard let models else { return try measureMotion() }
    let names = try chosen(from: ModelStore(folder: URL(fileURLWithPath: models)))
    // Work beside the networks has a thread of its own, as in the service.
    try await withTaskExecutorPreference(ThreadExecutor(name: "detection")) {
      do {
        if let soak {
          try await measureMemory(models, names.detector, names.segmenter, frames: soak)
        } else {
          try await measureStages(models, names.detector, names.segmenter)
        }
      } catch let error as InferenceError {
        throw CommandFailure(.usage, "\(error)")
      } catch let error as TrackingClip.Unusable {
        throw CommandFailure(.usage, error.description)
      }
    }
  }

  private func measureMotion() throws {
    var rows: [MotionBenchmark.Row] = []
    for seed in firstSeed..<firstSeed + UInt64(flights) {
      Console.error("flying seed \(seed) for \(Int(flightSeconds)) s")
      rows.append(
        try MotionBenchmark.run(seed: seed, seconds: flightSeconds, samples: samples.map { URL(fileURLWithPath: $0) }))
    }
    Console.print(json ? try text(rows) : MotionBenchmark.table(rows))
  }

  /// The models that are measured.
  private func chosen(from store: ModelStore) throws -> (detector: String, segmenter: String) {
    let families = store.names().compactMap { name in (try? store.manifest(name)).map { (name, $0.family) } }
    func name(_ given: String?, _ what: String, isDetector: Bool) throws -> String {
      let fitting = families.filter { $0.1.hasSuffix("grounding-dino") == isDetector }.map(\.0)
      guard let name = given ?? fitting.first, fitting.contains(name) else {
        throw CommandFailure(.usage, "there is no \(what)\(given.map { " “\($0)”" } ?? "") in \(store.folder.path)")
      }
      return name
    }
    return (
      try name(detector, "Grounding DINO", isDetector: true), try name(segmenter, "SAM 2 or EdgeTAM", isDetector: false)
    )
  }

  @concurrent private func measureStages(_ folder: String, _ detector: String, _ segmenter: String) async throws {
    var options = GroundedBenchmark.Options(folder: folder, detector: detector, segmenter: segmenter)
    (options.leadFrames, options.frames, options.objects) = (leadFrames, frames, objects)
    (options.interval, options.threads) = (interval, threads)
    let clip =
      try source.map { try TrackingClip(file: $0, count: leadFrames + frames) }
      ?? TrackingClip(flightSeed: 1, count: leadFrames + frames)
    Console.error("loading \(detector) and \(segmenter)")
    let benchmark = try await GroundedBenchmark(options)
    let report = try await benchmark.run(on: clip) { number in
      if step {
        guard readLine() != nil else { throw CommandFailure(.failure, "standard input ended") }
      } else {
        Console.error("frame \(number + 1) of \(leadFrames + frames)")
      }
    } after: { times in
      if step { Console.print(try text(times, isPretty: false)) }
    }
    Console.print(json ? try text(report) : GroundedBenchmark.table(report))
  }

  @concurrent private func measureMemory(
    _ folder: String, _ detector: String, _ segmenter: String, frames: Int
  ) async throws {
    let soak = try await TrackingSoak(folder: folder, detector: detector, segmenter: segmenter, threads: threads)
    let report = try await soak.run(frames: frames) { point in
      Console.error("frame \(point.frame): \(point.residentBytes / 1_048_576) MiB, \(point.followed) objects")
    }
    Console.print(json ? try text(report) : TrackingSoak.table(report))
  }

  private func text(_ results: some Encodable, isPretty: Bool = true) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = isPretty ? [.prettyPrinted, .sortedKeys] : [.sortedKeys]
    return String(decoding: try encoder.encode(results), as: UTF8.self)
  }
}
