public import Logging
public import MediaModel
import Synchronization

/// A logger for events that a client can cause as often as it likes. Each message has a rate of its own.
public final class RateLimitedLogger: Sendable {
  /// Different messages at most; messages are constants, so a handful is normal.
  private static let messageLimit = 64

  private let logger: Logger
  private let fresh: RateLimitedLog
  private let limits = Mutex<[String: RateLimitedLog]>([:])

  /// - Parameters:
  ///   - burst: records of one message in each interval.
  ///   - interval: how long an interval lasts.
  public init(_ logger: Logger, burst: Int = 5, interval: Nanoseconds = .seconds(10)) {
    self.logger = logger
    fresh = RateLimitedLog(burst: burst, interval: interval)
  }

  /// Logs, unless this message came too often lately; a record after a gap says how many are missing.
  public func log(
    level: Logger.Level, _ message: Logger.Message, at now: HostTime,
    metadata: @autoclosure () -> [LogKey: Logger.MetadataValue] = [:]
  ) {
    guard logger.logLevel <= level else { return }
    let text = "\(message)"
    let decision = limits.withLock { limits -> RateLimitedLog.Decision in
      guard limits[text] != nil || limits.count < Self.messageLimit else { return .suppress }
      return limits[text, default: fresh].event(at: now)
    }
    guard case .log(let suppressed) = decision else { return }
    var all = metadata()
    if suppressed > 0 { all[.suppressed] = "\(suppressed)" }
    logger.log(level: level, message, metadata: all)
  }

  /// Says how many records of each message were left out, if any. For the end of a connection or service.
  public func flush(level: Logger.Level) {
    let pending = limits.withLock { limits in
      limits.keys.sorted().compactMap { key -> (String, Int)? in
        guard let count = limits[key]?.takeSuppressed(), count > 0 else { return nil }
        return (key, count)
      }
    }
    for (message, count) in pending {
      logger.log(level: level, "messages left out", metadata: [.reason: "\(message)", .suppressed: "\(count)"])
    }
  }
}
