import ArgumentParser
import Foundation
import Logging
import SLAMBenchmark

struct BenchSLAMCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "slam",
    abstract: "Measure SLAM on sequences with known truth.",
    discussion: """
      Each folder with video.mp4, times.txt, camera.json and groundtruth.txt is run once, with the settings of \
      `worldsystem slam`; those with imu.csv a second time with their motion sensors. Errors are absolute trajectory \
      errors; times are processor time of the thread that does the work. --flights adds flights over a simulated city, with \
      their motion sensors: rendering one takes about as long as it flies.

      With --minutes each sequence is played forward and backward again and again instead, and what SLAM keeps in \
      memory is printed, with the times of frames.

      EXAMPLES
        worldsystem bench slam --sequences data/slam
        worldsystem bench slam --sequences data/slam --json > slam.json
        worldsystem bench slam --sequences data/slam/7scenes_redkitchen_1000 --minutes 30
        worldsystem bench slam --flights 3
      """)

  @Option(
    help: ArgumentHelp(
      "Folder of a sequence, or with a folder for each. (default: ../shared/data/slam, with --flights none)",
      valueName: "folder"),
    completion: .directory)
  var sequences: String?

  @Option(help: ArgumentHelp("Simulated flights, of seeds from 1 on.", valueName: "count"))
  var flights = 0

  @Option(help: ArgumentHelp("How long each flight is; from 130 on it has loops.", valueName: "seconds"))
  var flightSeconds = 130.0

  @Option(help: ArgumentHelp("Minutes of video to play to and fro, for what stays in memory.", valueName: "minutes"))
  var minutes: Int?

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if let minutes, minutes < 1 { throw ValidationError("--minutes must be 1 or more") }
    if minutes != nil, flights > 0 { throw ValidationError("--minutes plays sequences, --flights are none") }
    guard (0...100).contains(flights), (5...3_600).contains(flightSeconds) else {
      throw ValidationError("--flights is 0 to 100, --flight-seconds 5 to 3600")
    }
  }

  func run() async throws {
    FFmpegMessages.toLog()
    var logger = Logger(label: "bench")
    logger.logLevel = .error
    var rows: [SLAMBenchmark.Row] = []
    var reports: [Endurance.Report] = []
    let sequences = sequences ?? (flights > 0 ? nil : "../shared/data/slam")
    do {
      for folder in try sequences.map(SLAMBenchmark.sequences(in:)) ?? [] {
        if let minutes {
          Console.error("running \(folder) for \(minutes) minutes")
          reports.append(try await Endurance.run(folder, minutes: minutes, logger: logger))
          continue
        }
        for usesIMU in [false, true] {
          guard !usesIMU || FileManager.default.fileExists(atPath: folder + "/imu.csv") else { continue }
          Console.error("running \(folder)\(usesIMU ? " with IMU" : "")")
          rows.append(try await SLAMBenchmark.run(folder, usesIMU: usesIMU, logger: logger))
        }
      }
      for seed in 0..<flights { rows.append(try await flown(seed: UInt64(seed + 1), logger)) }
    } catch let error as CocoaError {
      throw CommandFailure(.usage, "\(sequences ?? "flight"): \(error.localizedDescription)")
    } catch let error as SLAMBenchmark.Unusable {
      throw CommandFailure(.failure, error.description)
    }
    guard !rows.isEmpty || !reports.isEmpty else {
      throw CommandFailure(.usage, "\(sequences ?? "") holds no sequence with truth")
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    func text(_ results: some Encodable, _ table: String) throws -> String {
      json ? String(decoding: try encoder.encode(results), as: UTF8.self) : table
    }
    Console.print(
      minutes == nil
        ? try text(rows, SLAMBenchmark.table(rows)) : try text(reports, Endurance.table(reports)))
  }

  /// Flies, and measures SLAM on it.
  private func flown(seed: UInt64, _ logger: Logger) async throws -> SLAMBenchmark.Row {
    let place = FileManager.default.temporaryDirectory.appending(path: "worldsystem-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: place) }
    let folder = place.appending(path: "flight_seed\(seed)").path
    Console.error("flying seed \(seed) for \(Int(flightSeconds)) s")
    try await SLAMBenchmark.fly(seed: seed, seconds: flightSeconds, into: folder, logger: logger)
    Console.error("running seed \(seed) with IMU")
    return try await SLAMBenchmark.run(folder, usesIMU: true, logger: logger)
  }
}
