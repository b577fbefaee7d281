import ArgumentParser
import Foundation
import NIOCore
import PosixFiles
import RerunBenchmark
import RerunLog
import RerunViewer
import Synchronization

struct BenchRerunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rerun",
    abstract: "Measure logging for Rerun, beside Rerun's own SDK.",
    discussion: """
      Logs the same content into files of one folder, which are deleted again: with this system and, when asked for, with \
      the package rerun-sdk of PyPI. They take turns, several rounds; the table has the medians, by processor time.

      EXAMPLES
        worldsystem bench rerun
        worldsystem bench rerun --compare .venv-rerun/bin/python --json > rerun.json
        worldsystem bench rerun --sample sample.rrd --to 127.0.0.1:9876
      """)

  @Option(help: ArgumentHelp("What is logged, with commas between.", valueName: "names"))
  var workloads = "poses,motion,objects,video,points"

  @Option(help: ArgumentHelp("Rounds of each measurement.", valueName: "number"))
  var rounds = 5

  @Option(
    help: ArgumentHelp("Folder for the files. (default: that of temporary files)", valueName: "folder"),
    completion: .directory)
  var folder: String?

  @Option(
    help: ArgumentHelp("Compare: a Python interpreter that has rerun-sdk.", valueName: "python"), completion: .file())
  var compare: String?

  @Option(help: ArgumentHelp("The script that uses it.", valueName: "file"), completion: .file())
  var script = "Benchmarks/rerun-logging/log.py"

  @Option(
    help: ArgumentHelp("Measure nothing; write a file with everything that is ever sent.", valueName: "file"),
    completion: .file())
  var sample: String?

  @Option(help: ArgumentHelp("With --sample: send the same to a viewer too, as 127.0.0.1:9876.", valueName: "address"))
  var to: String?

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard rounds >= 1 else { throw ValidationError("--rounds must be at least 1") }
    guard !chosen.isEmpty, !chosen.contains(nil) else {
      throw ValidationError("--workloads takes names with commas between: poses, motion, objects, video, points")
    }
    guard to == nil || sample != nil else { throw ValidationError("--to goes with --sample") }
    if let to, RerunViewer.Address(to) == nil {
      throw ValidationError("--to is HOST:PORT or rerun+http://HOST:PORT/proxy, not “\(to)”")
    }
  }

  private var chosen: [RerunWorkload?] { workloads.split(separator: ",").map { RerunWorkload(rawValue: String($0)) } }

  func run() async throws {
    if let sample { return try await write(sample) }
    var plan = RerunBenchmark.Plan(folder: folder ?? NSTemporaryDirectory() + "worldsystem-bench-rerun")
    plan.workloads = chosen.compactMap(\.self)
    plan.rounds = rounds
    plan.python = compare.map { ($0, script) }
    do {
      let report = try RerunBenchmark(plan: plan) { Console.error($0) }.run()
      Console.print(json ? try report.json() : report.text)
    } catch let error as RerunBenchmarkError {
      throw CommandFailure(.unavailable, error.description)
    } catch let error as FileFailure {
      throw CommandFailure(.usage, "\(error)")
    }
  }

  private func write(_ path: String) async throws {
    let messages = RerunSample.messages()
    var file = RerunFile()
    for message in messages { file.add(message) }
    file.finish()
    do {
      try Data(file.take().readableBytesView).write(to: URL(fileURLWithPath: path))
    } catch {
      throw CommandFailure(.usage, "\(path) cannot be written")
    }
    if let address = to.flatMap(RerunViewer.Address.init) { try await send(messages.map(\.request), to: address) }
  }

  /// Waits for the viewer, and until it has everything.
  private func send(_ requests: [ByteBuffer], to address: RerunViewer.Address) async throws {
    do {
      let viewer = try RerunViewer(address)
      let isSent = Atomic<Bool>(false)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await viewer.run() }
        try await viewer.send { isSent.exchange(true, ordering: .relaxed) ? nil : requests }
        group.cancelAll()
      }
    } catch let error as RerunViewerError {
      throw CommandFailure(.unavailable, "\(address): \(error)")
    }
  }
}
