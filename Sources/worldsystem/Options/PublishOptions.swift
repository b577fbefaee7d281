import Access
import ArgumentParser
import Foundation
import Logging
import MediaModel
import NIOCore
import Publishing
import WebSocketTransport

/// Flags of the commands that act as a phone.
struct PublishOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Server to publish to.", valueName: "url"))
  var to = "ws://127.0.0.1:5001"

  @Option(help: ArgumentHelp("Stream to publish.", valueName: "name"))
  var stream = StreamName.default.text

  @OptionGroup var credentials: CredentialOptions

  func validate() throws {
    guard StreamName(stream) != nil else {
      throw ValidationError("--stream takes 1 to 64 of A-Z a-z 0-9 . _ -, not starting with a dot")
    }
    do throws(WebSocketError) { _ = try WebSocketEndpoint(to) } catch {
      throw ValidationError("--to takes a URL such as ws://127.0.0.1:5001, not '\(to)'")
    }
  }

  /// Where it goes.
  var target: PublishTarget { PublishTarget(to: to, stream: stream, credentials: credentials) }

  /// Sends telemetry beside the video.
  /// - Throws: when the address or the credentials are of no use.
  func telemetryClient(source: String) throws -> TelemetryClient { try target.telemetryClient(source: source) }

  /// See ``PublishTarget/run(source:telemetry:_:)``.
  func run(
    source: String, telemetry: TelemetryClient? = nil,
    _ publish: @escaping @Sendable (any AccessUnitSink) async throws -> Void
  ) async throws {
    try await target.run(source: source, telemetry: telemetry, publish)
  }
}

/// The stream of a server that somebody publishes to.
struct PublishTarget {
  var to: String
  var stream: String
  var credentials: CredentialOptions
  /// Whether a recording is sent once more: its times stand, and the server makes it wait.
  var isReplay = false

  /// A server that looks at every frame may take that long for what is on its way at the end.
  private static let replayCloseTimeout = TimeAmount.minutes(10)

  /// Sends telemetry beside the video.
  /// - Throws: when the address or the credentials are of no use.
  func telemetryClient(source: String) throws -> TelemetryClient {
    let endpoint = try WebSocketEndpoint(to).with(
      path: "/ws/phone", query: [("stream", stream)] + (isReplay ? [("replay", "1")] : []))
    return TelemetryClient(
      endpoint: endpoint, options: try credentials.webSocketOptions(usesTLS: endpoint.usesTLS),
      logger: Logger(label: source))
  }

  /// Runs `publish` with a connection to the server until it is done or a signal comes.
  /// - Parameter telemetry: kept connected meanwhile.
  /// - Throws: `CommandFailure` with 69 when nothing listens there.
  func run(
    source: String, telemetry: TelemetryClient? = nil,
    _ publish: @escaping @Sendable (any AccessUnitSink) async throws -> Void
  ) async throws {
    var endpoint = try WebSocketEndpoint(to)
    if endpoint.target == "/" { endpoint.target = "/ws/video" }
    endpoint.target += (endpoint.target.contains("?") ? "&" : "?") + "stream=\(stream)"
    if isReplay { endpoint.target += "&replay=1" }
    try await Reachability.check(host: endpoint.host, port: endpoint.port, shownAs: to)
    var options = PhoneClient.Options()
    options.source = source
    options.webSocket = try credentials.webSocketOptions(usesTLS: endpoint.usesTLS)
    if isReplay { options.webSocket.closeTimeout = Self.replayCloseTimeout }
    let client = PhoneClient(endpoint: endpoint, options: options, logger: Logger(label: source))
    try await Services.run(logger: Logger(label: "lifecycle")) {
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        if let telemetry { tasks.addTask { await telemetry.run() } }
        defer { tasks.cancelAll() }
        try await client.run(publish)
      }
    }
  }
}

/// How a client shows who it is, and whom it believes.
struct CredentialOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Token for the server. Other users can see flags; better set WORLDSYSTEM_TOKEN.", valueName: "token"))
  var token: String?

  @Option(
    help: ArgumentHelp(
      "With wss://: the server's certificate in PEM where it is self-signed, or 'any' to believe everybody.",
      valueName: "file"),
    completion: .file())
  var trust: String?

  func webSocketOptions(usesTLS: Bool) throws -> WebSocketClientOptions {
    let token = token ?? ProcessInfo.processInfo.environment["WORLDSYSTEM_TOKEN"]
    let trust: ClientTrust =
      switch self.trust {
      case nil: .system
      case "any": .anybody
      case .some(let file): .certificate(file: file)
      }
    return WebSocketClientOptions(token: token, tls: usesTLS ? try trust.configuration() : nil)
  }
}
