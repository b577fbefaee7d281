import Logging
import ServiceLifecycle
import UnixSignals

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs services until they end or a signal comes.
enum Services {
  /// The first SIGINT or SIGTERM lets services finish what they do, for a few seconds; a second one ends at once.
  static func run(_ services: [any Service], logger: Logger) async throws {
    try await run(services.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) }, logger: logger)
  }

  /// Runs `work` as the only service: it is cancelled by the first signal, and its end is the end.
  static func run(logger: Logger, _ work: @escaping @Sendable () async throws -> Void) async throws {
    let service = ServiceGroupConfiguration.ServiceConfiguration(
      service: OneJob(work: work), successTerminationBehavior: .gracefullyShutdownGroup)
    try await run([service], logger: logger)
  }

  private struct OneJob: Service {
    let work: @Sendable () async throws -> Void

    func run() async throws {
      do { try await cancelWhenGracefulShutdown(work) } catch is CancellationError {}
    }
  }

  /// - Parameter services: each with what its end means for the others.
  static func run(
    _ services: [ServiceGroupConfiguration.ServiceConfiguration], logger: Logger
  ) async throws {
    var configuration = ServiceGroupConfiguration(
      services: services, gracefulShutdownSignals: [.sigint, .sigterm], logger: logger)
    configuration.maximumGracefulShutdownDuration = .seconds(8)
    let group = ServiceGroup(configuration: configuration)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      tasks.addTask {
        var count = 0
        for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) {
          count += 1
          if count == 2 { _exit(130) }
        }
      }
      defer { tasks.cancelAll() }
      try await tasks.next()
    }
  }
}
