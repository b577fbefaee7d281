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
      errors; times are processor time of the thread that does the work.

      EXAMPLES
        worldsystem bench slam --sequences data/slam
        worldsystem bench slam --sequences data/slam --json > slam.json
      """)

  @Option(help: ArgumentHelp("Folder with a folder for each sequence.", valueName: "folder"), completion: .directory)
  var sequences = "../shared/data/slam"

  @Flag(help: "Print JSON.")
  var json = false

  func run() async throws {
    FFmpegMessages.toLog()
    var logger = Logger(label: "bench")
    logger.logLevel = .error
    var rows: [SLAMBenchmark.Row] = []
    do {
      for folder in try SLAMBenchmark.sequences(in: sequences) {
        for usesIMU in [false, true] {
          guard !usesIMU || FileManager.default.fileExists(atPath: folder + "/imu.csv") else { continue }
          Console.error("running \(folder)\(usesIMU ? " with IMU" : "")")
          rows.append(try await SLAMBenchmark.run(folder, usesIMU: usesIMU, logger: logger))
        }
      }
    } catch let error as CocoaError {
      throw CommandFailure(.usage, "\(sequences): \(error.localizedDescription)")
    } catch let error as SLAMBenchmark.Unusable {
      throw CommandFailure(.failure, error.description)
    }
    guard !rows.isEmpty else { throw CommandFailure(.usage, "\(sequences) holds no sequence with truth") }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    Console.print(json ? String(decoding: try encoder.encode(rows), as: UTF8.self) : SLAMBenchmark.table(rows))
  }
}
