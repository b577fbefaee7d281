import ArgumentParser
import Foundation
import MCAPBenchmark
import NIOCore
import PosixFiles

struct BenchMCAPCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mcap",
    abstract: "Measure writing MCAP files, beside Python's mcap and Foxglove's SDK.",
    discussion: """
      Writes the same messages to files of one folder, which are deleted again: with the writer of this system and, when \
      asked for, with the packages mcap and foxglove-sdk of PyPI. They take turns, several rounds; the table has the \
      medians, by processor time.

      EXAMPLES
        worldsystem bench mcap
        worldsystem bench mcap --workloads video --compressions none,zstd --megabytes 500
        worldsystem bench mcap --compare .venv/bin/python --json > mcap.json
        worldsystem bench mcap --sample sample.mcap --compressions zstd
      """)

  @Option(help: ArgumentHelp("Messages, with commas between: imu, video, points.", valueName: "names"))
  var workloads = "imu,video,points"

  @Option(help: ArgumentHelp("Compressions, with commas between: none, lz4, zstd.", valueName: "names"))
  var compressions = "none,lz4,zstd"

  @Option(help: ArgumentHelp("Size of the messages of one file.", valueName: "MB"))
  var megabytes = 200

  @Option(help: ArgumentHelp("Rounds of each measurement.", valueName: "number"))
  var rounds = 5

  @Option(
    help: ArgumentHelp("Folder for the files. (default: that of temporary files)", valueName: "folder"),
    completion: .directory)
  var folder: String?

  @Option(
    help: ArgumentHelp("Compare: a Python interpreter that has mcap and foxglove-sdk.", valueName: "python"),
    completion: .file())
  var compare: String?

  @Option(help: ArgumentHelp("The script that uses them.", valueName: "file"), completion: .file())
  var script = "Benchmarks/mcap-writers/write.py"

  @Option(
    help: ArgumentHelp("Measure nothing; write a file with every kind of message and record.", valueName: "file"),
    completion: .file())
  var sample: String?

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard megabytes >= 1, rounds >= 1 else {
      throw ValidationError("--megabytes and --rounds must be at least 1")
    }
    guard !chosen.isEmpty, !chosen.contains(nil) else {
      throw ValidationError("--workloads takes names with commas between: imu, video, points")
    }
    guard !chosenCompressions.isEmpty, chosenCompressions.allSatisfy(["none", "lz4", "zstd"].contains) else {
      throw ValidationError("--compressions takes names with commas between: none, lz4, zstd")
    }
  }

  private var chosen: [MCAPWorkload?] { workloads.split(separator: ",").map { MCAPWorkload(rawValue: String($0)) } }

  private var chosenCompressions: [String] { compressions.split(separator: ",").map(String.init) }

  func run() throws {
    if let sample {
      let file = try MCAPSample.file(compression: chosenCompressions.first { $0 != "none" })
      do {
        try Data(file.readableBytesView).write(to: URL(fileURLWithPath: sample))
      } catch {
        throw CommandFailure(.usage, "\(sample) cannot be written")
      }
      return
    }
    var plan = MCAPBenchmark.Plan(folder: folder ?? NSTemporaryDirectory() + "worldsystem-bench-mcap")
    plan.workloads = chosen.compactMap(\.self)
    plan.compressions = chosenCompressions
    plan.megabytes = megabytes
    plan.rounds = rounds
    plan.python = compare.map { ($0, script) }
    do {
      let report = try MCAPBenchmark(plan: plan) { Console.error($0) }.run()
      Console.print(json ? try report.json() : report.text)
    } catch let error as MCAPBenchmarkError {
      throw CommandFailure(.unavailable, error.description)
    } catch let error as FileFailure {
      throw CommandFailure(.usage, "\(error)")
    }
  }
}
