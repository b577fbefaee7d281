import FFmpeg
import Logging
import Observability

/// What FFmpeg's libraries say, as log records.
enum FFmpegMessages {
  /// Has every line become a record. What FFmpeg calls an error is often one damaged packet, so it is a warning here,
  /// and its warnings are for debugging.
  static func toLog() {
    let logger = Logger(label: "ffmpeg")
    FFmpegLog.redirect { record in
      var metadata: [LogKey: Logger.MetadataValue] = [
        .component: "\(record.component)", .reason: "\(record.text)",
      ]
      if record.suppressed > 0 { metadata[.suppressed] = "\(record.suppressed)" }
      logger.log(level: record.level == .error ? .warning : .debug, "ffmpeg says", metadata: metadata)
    }
  }
}
