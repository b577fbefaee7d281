import Access
import ArgumentParser
import Publishing
import Sessions
import Settings
import VideoConsumer

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A reason to end with a certain exit code. The message is one line.
struct CommandFailure: Error {
  var status: ExitStatus
  var message: String

  init(_ status: ExitStatus, _ message: String) {
    self.status = status
    self.message = message
  }
}

/// What the exit codes of every command mean.
enum ExitStatus: Int32 {
  /// Anything that has no code of its own.
  case failure = 1
  /// Wrong usage or configuration (EX_USAGE).
  case usage = 64
  /// A needed service is not reachable (EX_UNAVAILABLE).
  case unavailable = 69
}

enum Exit {
  /// Ends the process: help and completion scripts on standard output with 0, errors as one line on standard error.
  static func end(with error: any Error) -> Never {
    switch error {
    case let failure as CommandFailure: end(failure.status, failure.message)
    case let error as SettingsError: end(.usage, error.description)
    case let error as AccessError: end(.usage, error.description)
    case let error as VideoConsumerError: end(status(of: error), error.description)
    case let error as PublishingError: end(status(of: error), error.description)
    case let error as SessionsError: end(status(of: error), error.description)
    case is CancellationError: exit(0)
    default: break
    }
    let code = WorldSystem.exitCode(for: error)
    if code.isSuccess { WorldSystem.exit(withError: error) }
    if code == .validationFailure { end(.usage, WorldSystem.message(for: error) + " (see --help)") }
    // A command that has said what is wrong itself, as `doctor` does, throws its exit code.
    if let code = error as? ExitCode { exit(code.rawValue) }
    end(.failure, "\(error)")
  }

  private static func status(of error: VideoConsumerError) -> ExitStatus {
    switch error {
    case .invalidSource, .noSuchFile: .usage
    case .refused: .unavailable
    case .notH264, .malformed: .failure
    }
  }

  private static func status(of error: PublishingError) -> ExitStatus {
    switch error {
    case .invalidArgument: .usage
    case .refused: .unavailable
    case .emptySource, .malformed, .notALog, .cannotWrite: .failure
    }
  }

  private static func status(of error: SessionsError) -> ExitStatus {
    switch error {
    case .noSession, .usage: .usage
    case .file, .malformed, .nothing: .failure
    }
  }

  private static func end(_ status: ExitStatus, _ message: String) -> Never {
    Console.error("worldsystem: " + message.split(whereSeparator: \.isNewline).joined(separator: " "))
    exit(status.rawValue)
  }
}
