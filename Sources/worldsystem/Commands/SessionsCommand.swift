import ArgumentParser
import Foundation
import Recording
import Sessions
import Settings

struct SessionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sessions",
    abstract: "List recorded sessions, show and verify them, export them, send them once more.",
    subcommands: [
      SessionsListCommand.self, SessionsShowCommand.self, SessionsExportCommand.self, SessionsReplayCommand.self,
      SessionsVerifyCommand.self,
    ])
}

/// Where sessions are.
struct SessionsOptions: ParsableArguments {
  @Option(
    name: .customLong("data"), help: ArgumentHelp("Folder of recordings. (default: recordings)", valueName: "folder"),
    completion: .directory)
  var dataFolder: String?

  @OptionGroup var common: ConfigurationOptions

  /// The folder of recordings.
  func folder() throws -> String { try common.load(["recording.path": dataFolder]).recording.path }

  /// A session by its name, `latest`, or the path of its folder.
  func session(_ name: String) throws -> SessionFolder {
    let folder = try folder()
    if name.contains("/") { return try SessionFolder(path: name) }
    guard name == "latest" else { return try SessionFolder(path: "\(folder)/\(name)") }
    guard let latest = RecordingCatalog(folder: folder).sessions().first else {
      throw CommandFailure(.usage, "there is no session in \(folder)")
    }
    return try SessionFolder(path: "\(folder)/\(latest.id)")
  }
}

/// Prints JSON with sorted keys.
func printJSON(_ value: some Encodable) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  Console.print(String(decoding: try encoder.encode(value), as: UTF8.self))
}

struct SessionsListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List sessions, newest first.",
    discussion: """
      EXAMPLES
        worldsystem sessions list
        worldsystem sessions list --data /srv/recordings --json
      """)

  @OptionGroup var options: SessionsOptions

  @Flag(help: "Print JSON.")
  var json = false

  private struct Row: Encodable {
    var session_id: String
    var stream: String
    var start_time: Double
    var end_time: Double?
    var duration_s: Double
    var frames: Int
    var bytes: Int
    var is_recorded_now: Bool
  }

  func run() throws {
    let rows = RecordingCatalog(folder: try options.folder()).sessions().map { session in
      Row(
        session_id: session.id.text, stream: session.stream, start_time: session.startTime, end_time: session.endTime,
        duration_s: session.durationSeconds, frames: session.totalFrames, bytes: session.bytes,
        is_recorded_now: session.isActive)
    }
    if json { return try printJSON(rows) }
    guard !rows.isEmpty else { return Console.print("no sessions") }
    let width = max(16, (rows.map(\.session_id.count).max() ?? 0) + 2)
    let streams = max(8, (rows.map(\.stream.count).max() ?? 0) + 2)
    Console.print(line("session", "stream", "duration", "frames", "size", "state", width, streams))
    for row in rows {
      let state = row.is_recorded_now ? "recording" : row.end_time == nil ? "cut off" : "whole"
      Console.print(
        line(
          row.session_id, row.stream, String(format: "%.1f s", row.duration_s), "\(row.frames)",
          String(format: "%.1f MB", Double(row.bytes) / 1e6), state, width, streams))
    }
  }

  private func line(
    _ session: String, _ stream: String, _ duration: String, _ frames: String, _ size: String, _ state: String,
    _ width: Int, _ streams: Int
  ) -> String {
    padded(session, width) + padded(stream, streams) + padded(duration, 12) + padded(frames, 10) + padded(size, 12)
      + state
  }

  private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }
}

struct SessionsShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Say what is in a session: counts, rates, gaps, distance flown.",
    discussion: """
      Reads all of it. A session is named as `list` shows it, by the path of its folder, or as latest.

      EXAMPLES
        worldsystem sessions show latest
        worldsystem sessions show 20261129_060000 --json
      """)

  @Argument(help: ArgumentHelp("The session.", valueName: "session"))
  var session: String

  @OptionGroup var options: SessionsOptions

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let report = try SessionReport(options.session(session))
    if json { try printJSON(report) } else { Console.print(report.text) }
  }
}

struct SessionsVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check that a session is whole: videos, metadata, MCAP file, clocks.",
    discussion: """
      Names every problem, and exits with 1 when there is one. Reads all of the session, and changes nothing.

      EXAMPLES
        worldsystem sessions verify latest
        worldsystem sessions verify /srv/recordings/20261129_060000 --json
      """)

  @Argument(help: ArgumentHelp("The session.", valueName: "session"))
  var session: String

  @OptionGroup var options: SessionsOptions

  @Flag(help: "Print JSON.")
  var json = false

  private struct Result: Encodable {
    var session_id: String
    var checks: [String]
    var problems: [String]
  }

  func run() throws {
    let folder = try options.session(session)
    let verification = SessionVerification(folder)
    if json {
      try printJSON(
        Result(session_id: folder.name, checks: verification.checks, problems: verification.problems))
    } else {
      for check in verification.checks { Console.print("looked at  \(check)") }
      for problem in verification.problems { Console.print("FAIL  \(problem)") }
      if verification.problems.isEmpty { Console.print("ok    \(folder.name) is whole") }
    }
    if !verification.problems.isEmpty { throw ExitCode(ExitStatus.failure.rawValue) }
  }
}
