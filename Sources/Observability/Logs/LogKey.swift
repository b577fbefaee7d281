public import Logging

/// The metadata keys of this software's log records, so that a search finds the same thing under one name.
public enum LogKey: String, Sendable, CaseIterable {
  case address = "net.peer"
  case bytes = "bytes"
  case clockOffset = "clock.offset_s"
  case command = "command"
  case component = "component"
  case count = "count"
  case delaySeconds = "delay_s"
  case duplicates = "telemetry.duplicates"
  case duration = "duration_s"
  case error = "error"
  case file = "file"
  case frame = "frame.seq"
  case framesPerSecond = "stream.fps"
  case host = "net.host"
  case late = "telemetry.late"
  case limit = "limit"
  case megabitsPerSecond = "stream.mbps"
  case method = "detection.method"
  case mode = "detection.mode"
  case model = "detection.model"
  case policy = "reader.policy"
  case port = "net.port"
  case queueUnits = "reader.queue.units"
  case reader = "reader.id"
  case reason = "reason"
  case rejected = "telemetry.rejected"
  case resolution = "stream.resolution"
  case server = "clock.server"
  case session = "session.id"
  case skipped = "reader.skipped"
  case state = "state"
  case stream = "stream.id"
  case status = "http.status"
  case suppressed = "suppressed"
  case topic = "bus.topic"
  case transport = "net.transport"
  case url = "url"
  case version = "version"
}

extension Logger {
  /// Logs with keys of `LogKey`; the message is a constant, what varies goes into `metadata`.
  public func log(
    level: Logger.Level, _ message: @autoclosure () -> Logger.Message,
    metadata: @autoclosure () -> [LogKey: Logger.MetadataValue], file: String = #fileID,
    function: String = #function, line: UInt = #line
  ) {
    log(
      level: level, message(), metadata: Dictionary(metadata()), source: nil, file: file, function: function,
      line: line)
  }

  /// Logs one step of the path of a frame.
  public func trace(
    _ message: @autoclosure () -> Logger.Message, metadata: @autoclosure () -> [LogKey: Logger.MetadataValue],
    file: String = #fileID, function: String = #function, line: UInt = #line
  ) { log(level: .trace, message(), metadata: metadata(), file: file, function: function, line: line) }

  /// Logs what happens to one connection, or a mistake of a client.
  public func debug(
    _ message: @autoclosure () -> Logger.Message, metadata: @autoclosure () -> [LogKey: Logger.MetadataValue],
    file: String = #fileID, function: String = #function, line: UInt = #line
  ) { log(level: .debug, message(), metadata: metadata(), file: file, function: function, line: line) }

  /// Logs a step in the life of a service or stream.
  public func info(
    _ message: @autoclosure () -> Logger.Message, metadata: @autoclosure () -> [LogKey: Logger.MetadataValue],
    file: String = #fileID, function: String = #function, line: UInt = #line
  ) { log(level: .info, message(), metadata: metadata(), file: file, function: function, line: line) }

  /// Logs what an operator should see in normal running.
  public func notice(
    _ message: @autoclosure () -> Logger.Message, metadata: @autoclosure () -> [LogKey: Logger.MetadataValue],
    file: String = #fileID, function: String = #function, line: UInt = #line
  ) { log(level: .notice, message(), metadata: metadata(), file: file, function: function, line: line) }

  /// Logs that service is degraded.
  public func warning(
    _ message: @autoclosure () -> Logger.Message, metadata: @autoclosure () -> [LogKey: Logger.MetadataValue],
    file: String = #fileID, function: String = #function, line: UInt = #line
  ) { log(level: .warning, message(), metadata: metadata(), file: file, function: function, line: line) }

  /// Logs that data was lost or a service failed.
  public func error(
    _ message: @autoclosure () -> Logger.Message, metadata: @autoclosure () -> [LogKey: Logger.MetadataValue],
    file: String = #fileID, function: String = #function, line: UInt = #line
  ) { log(level: .error, message(), metadata: metadata(), file: file, function: function, line: line) }
}

extension Dictionary where Key == String, Value == Logger.MetadataValue {
  /// Metadata from typed keys.
  init(_ typed: [LogKey: Logger.MetadataValue]) {
    self.init(minimumCapacity: typed.count)
    for (key, value) in typed { self[key.rawValue] = value }
  }
}
