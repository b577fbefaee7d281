import Clocks
import Gateway
import Logging
import MediaModel
import MessageBus
import Observability
import PosixFiles
import Recording
import Relay
import ServiceLifecycle
import SessionLog
import Settings
import Threading

/// The folder of recordings: what the page lists, and what the recorder writes.
struct RecordingStorage: Sendable {
  private let catalog: RecordingCatalog
  /// Listing reads the disk.
  private let thread = ThreadExecutor(name: "recordings")

  private let folder: String
  private let minimumFreeBytes: Int

  init(_ settings: Settings) {
    catalog = RecordingCatalog(folder: settings.recording.path)
    folder = settings.recording.path
    minimumFreeBytes = settings.recording.minFreeBytes
  }

  /// The room on the disk; `nil` while there is no folder.
  var report: StorageReport? {
    guard let space = try? Folder.space(at: folder) else { return nil }
    return StorageReport(
      freeBytes: space.freeBytes, totalBytes: space.totalBytes, minimumFreeBytes: minimumFreeBytes)
  }

  /// What was found out in a session; `nil` where it has no MCAP file.
  func results(session: String) -> DocumentPieces? {
    guard let path = path(session: session, file: SessionLog.fileName), let results = try? SessionResults(path: path)
    else { return nil }
    return { try results.next() }
  }

  /// All sessions, newest first.
  func reports() async -> [RecordingReport] {
    let sessions = (try? await thread.run { [catalog] in catalog.sessions() }) ?? []
    return sessions.sorted { $0.startTime > $1.startTime }.map(RecordingReport.init)
  }

  /// The path of a file of a session; `nil` when there is none.
  func path(session: String, file: String) -> String? { catalog.path(session: session, file: file) }

  /// Records every stream of `relay`.
  func recorder(
    of relay: Relay, _ settings: Settings, tracing: FrameTracing, logs: SessionLogs?,
    onEvent: @escaping @Sendable (RecordingEvent) -> Void
  ) -> RelayRecorder {
    let logger = Logger(label: "recording")
    let options = RecorderOptions(settings)
    return RelayRecorder(
      relay: relay, options: options, keeper: RecordingKeeper(options: options, clocks: relay.clocks, logger: logger),
      metrics: RecordingMetrics(), clocks: relay.clocks, tracing: tracing, companion: logs?.maker,
      logger: logger, onEvent: onEvent)
  }
}

extension SessionLogs {
  /// What writes sessions as MCAP files; `nil` where the settings ask for none.
  static func make(
    _ settings: Settings, bus: any MessageBus, clocks: SystemClocks, isLive: Bool = true
  ) -> SessionLogs? {
    guard settings.recording.writesMCAP else { return nil }
    var options = SessionLogOptions()
    options.minimumFreeBytes = settings.recording.minFreeBytes
    options.isWaitedFor = !isLive
    return SessionLogs(bus: bus, options: options, clocks: clocks, logger: Logger(label: "session-log"))
  }
}

extension RecorderOptions {
  /// What the settings ask for.
  init(_ settings: Settings) {
    self.init(folder: settings.recording.path)
    segmentDuration = settings.recording.segmentDuration
    stillInterval = settings.recording.stillEveryFrames.map { $0 * settings.recording.frameSkip }
    // A publisher that comes back in time goes on in the same session.
    idleLimit = max(idleLimit, .seconds(settings.server.grace.seconds + 5))
    keepFor = settings.recording.keep
    keepBytes = settings.recording.keepBytes
    minimumFreeBytes = settings.recording.minFreeBytes
  }
}

extension RecordingReport {
  fileprivate init(_ session: RecordedSessionInfo) {
    self.init(
      id: session.id.text, stream: session.stream, startTime: session.startTime, endTime: session.endTime,
      durationSeconds: session.durationSeconds, bytes: Int64(session.bytes), totalFrames: session.totalFrames,
      isActive: session.isActive, poster: session.poster,
      files: session.files.map {
        File(name: $0.name, bytes: Int64($0.bytes), durationSeconds: $0.durationSeconds)
      })
  }
}
