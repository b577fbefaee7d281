import CFFmpeg
import Synchronization

/// What FFmpeg's libraries have to say. They write to standard error unless told otherwise; here their lines go to a
/// closure, at a bounded rate, or nowhere when there is none.
public enum FFmpegLog {
  /// How important a line is.
  public enum Level: Int, Comparable, Sendable {
    case debug, info, warning, error

    public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }

    init(libraryLevel: Int32) {
      switch libraryLevel {
      case ...AV_LOG_ERROR: self = .error
      case ...AV_LOG_WARNING: self = .warning
      case ...AV_LOG_INFO: self = .info
      default: self = .debug
      }
    }
  }

  /// One line.
  public struct Record: Sendable {
    public var level: Level
    /// The part of FFmpeg that speaks, such as `h264` or `rtsp`.
    public var component: String
    /// The line without its end, credentials in URLs removed.
    public var text: String
    /// How many lines were withheld since the last record because there were too many.
    public var suppressed: Int
  }

  private struct State {
    var hook: (@Sendable (Record) -> Void)?
    var minimum = Level.warning
    var limiter = LineLimiter(linesPerSecond: 0)
  }

  private static let state = Mutex(State())

  /// Sends lines of `minimum` and above to `hook`, at most `linesPerSecond` of them; the rest are counted.
  ///
  /// - Parameter hook: called on whatever thread FFmpeg speaks from; must not call FFmpeg. `nil` drops all lines.
  public static func redirect(
    minimum: Level = .warning, linesPerSecond: Int = 5, to hook: (@Sendable (Record) -> Void)?
  ) {
    Library.start
    state.withLock {
      $0 = State(hook: hook, minimum: minimum, limiter: LineLimiter(linesPerSecond: linesPerSecond))
    }
  }

  /// Takes the place of FFmpeg's own log function.
  static func install() {
    av_log_set_callback { object, level, format, arguments in
      guard let format, let arguments else { return }
      FFmpegLog.receive(object, Level(libraryLevel: level), format, arguments)
    }
  }

  private static func receive(
    _ object: UnsafeMutableRawPointer?, _ level: Level, _ format: UnsafePointer<CChar>, _ arguments: CVaListPointer
  ) {
    let wanted = state.withLock { state -> (hook: @Sendable (Record) -> Void, suppressed: Int)? in
      guard let hook = state.hook, level >= state.minimum else { return nil }
      guard let suppressed = state.limiter.admit(atMicros: av_gettime_relative()) else { return nil }
      return (hook, suppressed)
    }
    guard let wanted else { return }
    let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1024) { line -> String in
      var printsPrefix: Int32 = 0
      guard av_log_format_line2(nil, 0, format, arguments, line.baseAddress, 1024, &printsPrefix) >= 0,
        let base = line.baseAddress
      else { return "" }
      return String(cString: base)
    }
    let trimmed = MediaLocation.withoutCredentials(String(text.reversed().drop { $0.isWhitespace }.reversed()))
    guard !trimmed.isEmpty else { return }
    wanted.hook(
      Record(level: level, component: component(of: object), text: trimmed, suppressed: wanted.suppressed))
  }

  /// The name of an object that speaks. FFmpeg's log function requires its first word to point to an `AVClass`.
  private static func component(of object: UnsafeMutableRawPointer?) -> String {
    guard let object, let description = object.load(as: UnsafePointer<AVClass>?.self) else { return "ffmpeg" }
    guard let name = description.pointee.item_name?(object) else { return "ffmpeg" }
    return String(cString: name)
  }
}

/// Admits so many lines a second and counts the rest.
struct LineLimiter {
  private let linesPerSecond: Int
  private var windowStartMicros = Int64.min
  private var admitted = 0
  private var suppressed = 0

  init(linesPerSecond: Int) { self.linesPerSecond = linesPerSecond }

  /// - Returns: the number of lines withheld since the last one, or `nil` when this one is withheld too.
  mutating func admit(atMicros now: Int64) -> Int? {
    if windowStartMicros == .min || now - windowStartMicros >= 1_000_000 {
      windowStartMicros = now
      admitted = 0
    }
    guard admitted < linesPerSecond else {
      suppressed += 1
      return nil
    }
    admitted += 1
    defer { suppressed = 0 }
    return suppressed
  }
}

/// The libraries as a whole.
enum Library {
  /// Registers devices and sets the log function, once.
  static let start: Void = {
    avdevice_register_all()
    avformat_network_init()
    FFmpegLog.install()
  }()
}
