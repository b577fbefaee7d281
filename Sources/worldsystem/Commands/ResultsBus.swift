import BusMessages
import Clocks
import Foundation
import Logging
import RabbitMQ
import RabbitMQBus

/// The bus of a command that publishes results and is no server.
enum ResultsBus {
  /// Runs `body` with a bus on a broker.
  /// - Throws: `CommandFailure` with 69 when the broker is not reachable, with 64 when the URL is none.
  static func run(
    to url: String, logger: Logger, _ body: (RabbitMQBus) async throws -> Void
  ) async throws {
    let process = ProcessInfo.processInfo
    do {
      let options = RabbitMQBusOptions(
        address: try AMQPAddress(url), node: "simulator-\(process.processIdentifier)",
        exchanges: ExchangeNames(environment: process.environment))
      try await RabbitMQBus.withTemporaryBus(options, clocks: .system, logger: logger, body)
    } catch let error as RabbitMQBusError {
      throw CommandFailure(.unavailable, error.description)
    } catch let error as AMQPError {
      throw CommandFailure(.usage, error.description)
    }
  }
}
