import Foundation
import MediaModel
import NIOCore
import PosixFiles
import RerunLog
import RerunSink
import SessionEvents

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Measures logging for Rerun into files: ours and Rerun's own SDK from Python in turn, the same content, several times
/// over.
public struct RerunBenchmark: Sendable {
  /// What to run.
  public struct Plan: Sendable {
    public var workloads = RerunWorkload.allCases
    public var rounds = 5
    /// Where files are written, and deleted again.
    public var folder: String
    /// The Python interpreter that has rerun-sdk, and the script that uses it; `nil` leaves it out.
    public var python: (interpreter: String, script: String)?

    public init(folder: String) { self.folder = folder }
  }

  private let plan: Plan
  private let progress: @Sendable (String) -> Void

  /// - Parameter progress: told what is being measured.
  public init(plan: Plan, progress: @escaping @Sendable (String) -> Void = { _ in }) {
    self.plan = plan
    self.progress = progress
  }

  /// - Throws: ``RerunBenchmarkError``, failures of the disk.
  public func run() throws -> RerunBenchmarkReport {
    try Folder.make(plan.folder)
    var rows: [RerunBenchmarkReport.Row] = []
    for workload in plan.workloads {
      let events = workload.events()
      var rounds: [RerunBenchmarkClient: [RerunBenchmarkReport.Measurement]] = [:]
      for round in 1...plan.rounds {
        for client in plan.python == nil ? [.worldsystem] : RerunBenchmarkClient.allCases {
          progress("\(workload.rawValue), \(client.rawValue), round \(round) of \(plan.rounds)")
          let measured = client == .worldsystem ? try log(events) : try logWithPython(workload)
          rounds[client, default: []].append(measured)
        }
      }
      for client in RerunBenchmarkClient.allCases {
        guard let measured = rounds[client] else { continue }
        rows.append(.init(workload: workload, client: client, rounds: measured))
      }
    }
    return RerunBenchmarkReport(processors: ProcessInfo.processInfo.activeProcessorCount, rows: rows)
  }

  private func log(_ events: [SessionEvent]) throws -> RerunBenchmarkReport.Measurement {
    let path = "\(plan.folder)/worldsystem.rrd"
    defer { try? Folder.remove(path) }
    let file = try OpenFile(path, flags: O_RDWR | O_CREAT | O_TRUNC, mode: 0o644, for: .create)
    let (started, cpu) = (Self.seconds(CLOCK_MONOTONIC), Self.seconds(CLOCK_PROCESS_CPUTIME_ID))
    var mapping = RerunMapping(
      store: RerunStore(id: "benchmark", application: "benchmark"), name: "benchmark",
      start: WallTime(nanosSince1970: 1_700_000_000_000_000_000), compress: RerunSink.compression, joinsRows: true)
    var contents = RerunFile(compress: RerunSink.compression)
    var offset = 0
    func put(_ messages: [RerunMessage], isLast: Bool = false) throws {
      for message in messages { contents.add(message) }
      if isLast { contents.finish() }
      guard contents.waitingBytes >= 1 << 20 || isLast else { return }
      let (written, failure) = file.write(contents.take(), at: offset)
      if let failure { throw failure }
      offset += written
    }
    try put(mapping.begin())
    for event in events { try put(mapping.messages(of: event)) }
    try put(mapping.flush(), isLast: true)
    return .init(
      events: events.count, fileBytes: offset, seconds: Self.seconds(CLOCK_MONOTONIC) - started,
      cpuSeconds: Self.seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu)
  }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private func logWithPython(_ workload: RerunWorkload) throws -> RerunBenchmarkReport.Measurement {
    guard let (interpreter, script) = plan.python else { throw RerunBenchmarkError.python("not asked for") }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: interpreter)
    let path = "\(plan.folder)/rerun-sdk.rrd"
    defer { try? Folder.remove(path) }
    process.arguments = [
      script, "--workload", workload.rawValue, "--events", "\(workload.count)", "--output", path,
    ]
    let output = Pipe()
    process.standardOutput = output
    do { try process.run() } catch { throw RerunBenchmarkError.python("\(interpreter) does not start") }
    // The script prints one short line, at its end.
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0,
      let measured = try? JSONDecoder().decode(RerunBenchmarkReport.Measurement.self, from: text)
    else { throw RerunBenchmarkError.python("\(interpreter) \(script) ended with \(process.terminationStatus)") }
    return measured
  }
}

/// Why there are no figures.
public enum RerunBenchmarkError: Error, Hashable, Sendable, CustomStringConvertible {
  case python(String)

  public var description: String {
    switch self {
    case .python(let reason): "Rerun's own SDK cannot be measured: \(reason)"
    }
  }
}
