public import Clocks
import Foundation
public import Logging
import MediaModel
import MessageBus
import MessageSpool

/// Why a command could not use a broker.
public enum RabbitMQBusError: Error, Hashable, Sendable, CustomStringConvertible {
  /// It did not answer in time.
  case notReachable(address: String, reason: String?)

  public var description: String {
    switch self {
    case .notReachable(let address, let reason):
      "the broker at \(address) is not reachable" + (reason.map { ": \($0)" } ?? "")
    }
  }
}

extension RabbitMQBus {
  /// A bus for as long as `body` runs, for commands that end: it must reach the broker soon, and what is not delivered
  /// at the end is thrown away with its spool.
  ///
  /// - Throws: ``RabbitMQBusError/notReachable(address:reason:)``, and whatever `body` throws.
  public static func withTemporaryBus<Result: Sendable>(
    _ options: RabbitMQBusOptions, clocks: SystemClocks, logger: Logger, patience: Nanoseconds = .seconds(5),
    _ body: (RabbitMQBus) async throws -> Result
  ) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("worldsystem-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let spool = try MessageSpool(folder: folder.path, clocks: clocks, logger: logger)
    let bus = RabbitMQBus(options, spool: spool, clocks: clocks, logger: logger)
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await bus.run() }
      defer { tasks.cancelAll() }
      let deadline = clocks.host().advanced(by: patience)
      while !bus.status.isConnected {
        guard clocks.host() < deadline else {
          throw RabbitMQBusError.notReachable(address: "\(options.address)", reason: bus.status.problem)
        }
        try await Task.sleep(for: .milliseconds(20))
      }
      let result = try await body(bus)
      try await bus.flush()
      return result
    }
  }
}
