import ArgumentParser
import MediaModel
import Publishing
import Sessions

struct SessionsReplayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Send a session through a server once more, as the phone that it came from.",
    discussion: """
      Every access unit goes out as it was recorded, and every reading of motion and position, with the distances of their \
      capture times at any speed. The server makes the replay wait where its services are slower.

      EXAMPLES
        worldsystem sessions replay latest
        worldsystem sessions replay 20261129_060000 --to ws://server:5001 --stream again --speed 4
      """)

  @Argument(help: ArgumentHelp("The session.", valueName: "session"))
  var session: String

  @Option(help: ArgumentHelp("Server to publish to.", valueName: "url"))
  var to = "ws://127.0.0.1:5001"

  @Option(help: ArgumentHelp("Stream to publish. (default: that of the session)", valueName: "name"))
  var stream: String?

  @Option(help: ArgumentHelp("Seconds of the session in one second.", valueName: "factor"))
  var speed = 1.0

  @Flag(help: "Send the video only.")
  var videoOnly = false

  @OptionGroup var credentials: CredentialOptions
  @OptionGroup var options: SessionsOptions

  func validate() throws {
    if let stream, StreamName(stream) == nil {
      throw ValidationError("--stream takes 1 to 64 of A-Z a-z 0-9 . _ -, not starting with a dot")
    }
    guard speed > 0, speed.isFinite else { throw ValidationError("--speed is above 0") }
  }

  func run() async throws {
    let folder = try options.session(session)
    let replay = try SessionReplay(folder, speed: speed)
    let name = stream ?? (StreamName(folder.stream) ?? .default).text
    let target = PublishTarget(to: to, stream: name, credentials: credentials, isReplay: true)
    let telemetry = videoOnly ? nil : try target.telemetryClient(source: "replay")
    try await target.run(source: "replay", telemetry: telemetry) { sink in
      try await Self.send(replay, to: sink, telemetry, name: folder.name)
    }
  }

  private static func send(
    _ replay: SessionReplay, to sink: any AccessUnitSink, _ telemetry: TelemetryClient?, name: String
  ) async throws {
    var send: (@Sendable (String) async -> Void)?
    if let telemetry {
      await telemetry.waitForConnection(for: Nanoseconds.seconds(5))
      send = { await telemetry.send($0) }
    }
    let counts = try await replay.run(to: sink, telemetry: send)
    Console.print("replayed \(counts.units) frames and \(counts.readings) readings of \(name)")
  }
}
