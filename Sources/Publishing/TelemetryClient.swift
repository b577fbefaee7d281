import NIOCore
import Clocks
public import Logging
public import MediaModel
import Observability
import Synchronization
public import WebSocketTransport

/// Sends telemetry to a server's `/ws/phone`, and connects again when the connection breaks. While there is none,
/// messages are left out, as a phone does.
public final class TelemetryClient: Sendable {
  private struct State {
    var connection: WebSocketConnection?
    var sent: UInt64 = 0
    var dropped: UInt64 = 0
  }

  private let endpoint: WebSocketEndpoint
  private let options: WebSocketClientOptions
  fileprivate let pace: Pace
  private let logger: Logger
  private let state = Mutex(State())

  /// - Parameter endpoint: of `/ws/phone`, with the stream in its query.
  public init(
    endpoint: WebSocketEndpoint, options: WebSocketClientOptions = .init(), pace: Pace = .system, logger: Logger
  ) {
    self.endpoint = endpoint
    self.options = options
    self.pace = pace
    self.logger = logger
  }

  /// Whether what is sent now goes out.
  public var isConnected: Bool { state.withLock { $0.connection != nil } }

  /// Messages sent, and messages left out because there was no connection.
  public var counts: (sent: UInt64, dropped: UInt64) { state.withLock { ($0.sent, $0.dropped) } }

  /// Stays connected until the task is cancelled, or the server wants no telemetry.
  public func run() async {
    var backOff = BackOff()
    while !Task.isCancelled {
      var reason = "the server closed the connection"
      do {
        try await WebSocketClient.withConnection(to: endpoint, options: options) { connection in
          self.state.withLock { $0.connection = connection }
          self.logger.info("telemetry connected", metadata: [.url: "\(self.endpoint)"])
          for try await message in connection.messages {
            guard case .text(let text) = message else { continue }
            self.logger.debug("command from server", metadata: [.bytes: "\(text.utf8.count)"])
          }
        }
      } catch let error as WebSocketError {
        if case .refused(let status, _) = error, (400..<500).contains(status), status != 429 {
          return logger.warning("server takes no telemetry", metadata: [.url: "\(endpoint)", .reason: "\(error)"])
        }
        reason = "\(error)"
      } catch {
        reason = "\(error)"
      }
      if state.withLock({ $0.connection.take() != nil }) { backOff.succeeded() }
      if Task.isCancelled { break }
      let wait = backOff.failed()
      logger.warning(
        "telemetry is not connected, trying again",
        metadata: [.url: "\(endpoint)", .reason: "\(reason)", .delaySeconds: "\(wait.seconds)"])
      try? await pace.pause(wait)
    }
    let counts = counts
    logger.info(
      "telemetry closed", metadata: [.url: "\(endpoint)", .count: "\(counts.sent)", .skipped: "\(counts.dropped)"])
  }

  /// Sends a message; waits while the connection does not take bytes.
  public func send(_ text: String) async {
    guard let connection = state.withLock({ $0.connection }) else {
      state.withLock { $0.dropped += 1 }
      return
    }
    do {
      try await connection.send(.text(text))
      state.withLock { $0.sent += 1 }
    } catch {
      // The connection is gone; `run()` notices and connects again.
      state.withLock { $0.dropped += 1 }
    }
  }
}

extension TelemetryClient {
  /// Returns when there is a connection, or after `limit` without one.
  public func waitForConnection(for limit: Nanoseconds) async {
    let step = Nanoseconds.milliseconds(20)
    var waited = Nanoseconds.zero
    while !isConnected, waited < limit, !Task.isCancelled {
      try? await pace.pause(step)
      waited = Nanoseconds(waited.value + step.value)
    }
  }
}
