import Clocks
import FragmentedMP4
public import Logging
import MediaModel
import Observability
import Synchronization

/// Looks after the folder of all sessions: completes what a crash left, deletes what is too old or too much. One for a
/// process; several processes may share a folder. Calls block on the disk.
public final class RecordingKeeper: Sendable {
  private static let interval = Nanoseconds.seconds(60)

  private let options: RecorderOptions
  private let disk: any Disk
  private let clocks: SystemClocks
  private let logger: Logger
  private let catalog: RecordingCatalog
  private let lastRun = Mutex<HostTime?>(nil)

  public convenience init(options: RecorderOptions, clocks: SystemClocks = .system, logger: Logger) {
    self.init(options: options, disk: PosixDisk(), clocks: clocks, logger: logger)
  }

  package init(options: RecorderOptions, disk: any Disk, clocks: SystemClocks, logger: Logger) {
    self.options = options
    self.disk = disk
    self.clocks = clocks
    self.logger = logger
    catalog = RecordingCatalog(folder: options.folder, disk: disk)
  }

  /// Makes the folder, completes sessions that a crash left, and deletes what must not be kept.
  public func start() {
    do throws(RecordingError) {
      try disk.makeFolders(options.folder)
    } catch {
      logger.error("folder for recordings cannot be made", metadata: [.file: "\(options.folder)", .error: "\(error)"])
    }
    recover()
    deleteOld()
    lastRun.withLock { $0 = clocks.host() }
  }

  /// Once a minute, completes what a full disk left and deletes what must not be kept. Call it as often as you like.
  public func tick() {
    let now = clocks.host()
    let isDue = lastRun.withLock { last in
      if let last, now.since(last) < Self.interval { return false }
      last = now
      return true
    }
    guard isDue else { return }
    recover()
    deleteOld()
  }

  // MARK: Recovery

  /// Completes every session that has no end and that nobody records.
  package func recover() {
    let now = clocks.wall().secondsSince1970
    for found in (try? disk.entries(of: options.folder)) ?? [] where found.isFolder {
      guard let id = SessionID(found.name) else { continue }
      let folder = catalog.path(of: id)
      do throws(RecordingError) {
        let entries = try disk.entries(of: folder)
        // Younger folders may be those of a session that another process is just beginning.
        guard isUnfinished(id, entries, isSettled: now - found.modified > 60) else { continue }
        // Holding the lock: no other process completes it at the same time.
        guard let lock = try disk.lock("\(folder)/\(RecordingCatalog.lockName)") else { continue }
        try withExtendedLifetime(lock) { () throws(RecordingError) in try complete(id, folder, entries) }
      } catch {
        logger.error(
          "recording that was cut off cannot be completed", metadata: [.session: "\(id)", .error: "\(error)"])
      }
    }
  }

  private func isUnfinished(_ id: SessionID, _ entries: [DiskEntry], isSettled: Bool) -> Bool {
    guard entries.contains(where: { $0.name == SessionMetadata.fileName }) else {
      // Killed between making the folder and its metadata.
      return isSettled && entries.allSatisfy { $0.name == RecordingCatalog.lockName || $0.name.hasSuffix(".tmp") }
    }
    guard let session = catalog.session(id) else { return false }
    return session.endTime == nil && !session.isActive
  }

  private func complete(_ id: SessionID, _ folder: String, _ entries: [DiskEntry]) throws(RecordingError) {
    for entry in entries where !entry.isFolder && entry.name.hasSuffix(".tmp") {
      try disk.remove("\(folder)/\(entry.name)")
    }
    let path = "\(folder)/\(SessionMetadata.fileName)"
    guard entries.contains(where: { $0.name == SessionMetadata.fileName }),
      var metadata = SessionMetadata.parse(try disk.contents(of: path, limit: SessionMetadata.maxBytes))
    else { return try disk.removeFolder(folder) }
    var files: [SessionMetadata.File] = []
    for entry in entries where !entry.isFolder && entry.name.hasPrefix("video") && entry.name.hasSuffix(".mp4") {
      if let file = try complete(entry.name, folder, known: metadata) { files.append(file) }
    }
    for entry in entries where !entry.isFolder && entry.name.hasSuffix(".mcap") {
      try completeLog("\(folder)/\(entry.name)")
    }
    guard !files.isEmpty else {
      logger.notice("recording without a frame removed", metadata: [.session: "\(id)"])
      return try disk.removeFolder(folder)
    }
    files.sort { $0.start_time < $1.start_time }
    metadata.files = files
    metadata.total_frames = files.reduce(0) { $0 + $1.frames }
    metadata.end_time = files.reduce(metadata.start_time) { max($0, $1.start_time + $1.duration_s) }
    try disk.replace(path, with: metadata.encoded(), lasts: true)
    try disk.syncFolder(folder)
    logger.notice(
      "recording that was cut off is complete",
      metadata: [.session: "\(id)", .count: "\(metadata.total_frames)"])
  }

  private func complete(
    _ name: String, _ folder: String, known: SessionMetadata
  ) throws(RecordingError) -> SessionMetadata.File? {
    let path = "\(folder)/\(name)"
    let file = try disk.open(path)
    guard let result = try SegmentRepair.complete(file) else {
      try disk.remove(path)
      return nil
    }
    var described =
      known.files.first { $0.name == name }
      ?? SessionMetadata.File(
        name: name, start_time: known.files.last.map { $0.start_time + $0.duration_s } ?? known.start_time,
        duration_s: 0, frames: 0, bytes: 0, width: 0, height: 0, codec: "")
    described.duration_s = result.durationSeconds
    described.frames = result.frames
    described.bytes = result.bytes
    return described
  }

  private func completeLog(_ path: String) throws(RecordingError) {
    guard try SessionLogRepair.complete(try disk.open(path)) == nil else { return }
    try disk.remove(path)
  }

  // MARK: Retention

  /// Deletes finished sessions that are too old, and the oldest while all take too much.
  package func deleteOld() {
    guard options.keepFor != nil || options.keepBytes != nil else { return }
    let now = clocks.wall().secondsSince1970
    var sessions = catalog.sessions().sorted { $0.id < $1.id }
    if let keepFor = options.keepFor {
      for session in sessions where isDeletable(session) && now - (session.endTime ?? now) > keepFor.seconds {
        delete(session, "it is too old")
      }
      sessions = sessions.filter { !isDeletable($0) || now - ($0.endTime ?? now) <= keepFor.seconds }
    }
    guard let keepBytes = options.keepBytes else { return }
    var total = sessions.reduce(0) { $0 + $1.bytes }
    for session in sessions where isDeletable(session) && total > keepBytes {
      delete(session, "recordings take too much space")
      total -= session.bytes
    }
  }

  private func isDeletable(_ session: RecordedSessionInfo) -> Bool { session.endTime != nil && !session.isActive }

  private func delete(_ session: RecordedSessionInfo, _ reason: String) {
    do throws(RecordingError) {
      try disk.removeFolder(catalog.path(of: session.id))
      logger.notice(
        "recording deleted",
        metadata: [.session: "\(session.id)", .reason: "\(reason)", .bytes: "\(session.bytes)"])
    } catch {
      logger.error("recording cannot be deleted", metadata: [.session: "\(session.id)", .error: "\(error)"])
    }
  }
}
