#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif
public import Logging
import Synchronization

/// How log records are written.
public enum LogFormat: String, Sendable, CaseIterable {
  /// `2026-01-31T12:00:00.123Z info relay reader attached stream.id=drone`.
  case text
  /// One JSON object a line: `time`, `level`, `logger`, `message`, then the metadata by key.
  case json
}

/// Where finished lines go. A line is given with its line feed, in one piece.
public protocol LogSink: Sendable {
  func write(_ line: String)
}

/// Writes each line to standard error by one system call, so that lines of several processes do not mix.
public struct StandardErrorSink: LogSink {
  public init() {}

  public func write(_ line: String) {
    var line = line
    line.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let written = writeSome(rest)
        if written < 0 {
          if errno == EINTR { continue }
          return  // Nobody reads standard error: there is nowhere left to complain.
        }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
      }
    }
  }

  private func writeSome(_ bytes: UnsafeRawBufferPointer) -> Int {
    #if canImport(Glibc)
      Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
    #else
      Darwin.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
    #endif
  }
}

/// Keeps the lines, for tests.
public final class MemoryLogSink: LogSink {
  private let stored = Mutex<[String]>([])

  public init() {}

  public func write(_ line: String) { stored.withLock { $0.append(line) } }

  /// All lines so far.
  public var lines: [String] { stored.withLock { $0 } }
}

/// Writes one line a record, metadata in the order of its keys.
public struct LineLogHandler: LogHandler {
  public var logLevel: Logger.Level
  public var metadata: Logger.Metadata = [:]
  public var metadataProvider: Logger.MetadataProvider?
  private let label: String
  private let format: LogFormat
  private let sink: any LogSink
  private let wallNanos: @Sendable () -> Int64

  /// - Parameters:
  ///   - label: the name of the logger, as `relay`.
  ///   - level: records below it are left out.
  ///   - wallNanos: nanoseconds since 1970, for the time of a record.
  public init(
    label: String, level: Logger.Level, format: LogFormat, sink: any LogSink = StandardErrorSink(),
    wallNanos: @escaping @Sendable () -> Int64 = LineLogHandler.systemWallNanos
  ) {
    self.label = label
    self.logLevel = level
    self.format = format
    self.sink = sink
    self.wallNanos = wallNanos
  }

  /// Has every logger of the process write lines to standard error. Call once, at the start.
  public static func bootstrap(level: Logger.Level, format: LogFormat) {
    LoggingSystem.bootstrap { label in LineLogHandler(label: label, level: level, format: format) }
  }

  /// The wall clock.
  public static let systemWallNanos: @Sendable () -> Int64 = {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    var all = metadata
    if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
    if let given = event.metadata { all.merge(given) { _, new in new } }
    if let error = event.error, all[LogKey.error.rawValue] == nil { all[LogKey.error.rawValue] = "\(error)" }
    let record = LogLine(
      wallNanos: wallNanos(), level: event.level, label: label, message: "\(event.message)",
      metadata: all.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") })
    sink.write(format == .json ? record.json : record.text)
  }
}
