import CodedMedia
import Logging
import MediaModel
import NIOCore
import Observability
internal import PosixFiles

/// One session that is being recorded: its folder, its files, its metadata. Every call may block on the disk.
final class RecordedSession {
  let id: SessionID
  private let folder: String
  private let disk: any Disk
  private let options: RecorderOptions
  private let metrics: RecordingMetrics
  private let logger: Logger
  private let lock: FileLock
  private let stills: StillTaker?
  private let companion: (any SessionCompanion)?
  private var metadata: SessionMetadata
  private var framesText = SessionMetadata.FramesText()
  private var finished: [SessionMetadata.File] = []
  private var segment: SegmentWriter?
  private var segmentCount = 0
  private let firstCapturedAt: WallTime
  private var lastCapturedAt: WallTime
  private var lastSavedAt: HostTime
  private var isChanged = true
  private let events: EventOutlet<RecordingEvent>
  /// Whether the first file, which gets another name when a second one begins, is still to be told of.
  private var holdsFirstSegment = false

  /// Makes the folder of a session and its first metadata.
  /// - Returns: a session without frames.
  init(
    stream: String, first: AccessUnit, options: RecorderOptions, disk: any Disk, metrics: RecordingMetrics,
    events: EventOutlet<RecordingEvent>, companion: SessionCompanionMaker?, logger: Logger, now: HostTime,
    wall: WallTime
  ) throws(RecordingError) {
    self.events = events
    self.options = options
    self.disk = disk
    self.metrics = metrics
    try disk.makeFolders(options.folder)
    id = try Self.makeFolder(in: options.folder, start: wall, disk: disk)
    folder = "\(options.folder)/\(id)"
    var logger = logger
    logger[metadataKey: LogKey.session.rawValue] = "\(id)"
    self.logger = logger
    guard let lock = try disk.lock("\(folder)/\(RecordingCatalog.lockName)") else {
      throw .disk(.lockIsTaken(folder))
    }
    self.lock = lock
    metadata = SessionMetadata(id: id, stream: stream, startTime: first.capturedAt)
    firstCapturedAt = first.capturedAt
    lastCapturedAt = first.capturedAt
    lastSavedAt = now
    stills =
      options.stillInterval == nil
      ? nil : StillTaker(quality: options.stillQuality, isWaitedFor: options.waitsForStills, logger: logger)
    try disk.replace("\(folder)/\(SessionMetadata.fileName)", with: metadata.encoded(), lasts: true)
    try disk.syncFolder(options.folder)
    self.companion = companion?(
      SessionPlace(folder: folder, id: id, stream: stream, startedAt: first.capturedAt))
    logger.info("recording began", metadata: [.resolution: "\(first.parameterSets.resolution)"])
  }

  // The threads of stills and companion hold their objects; they must end whatever became of the session.
  deinit {
    _ = stills?.finish(within: .zero)
    companion?.end()
  }

  private static func makeFolder(
    in folder: String, start: WallTime, disk: any Disk
  ) throws(RecordingError) -> SessionID {
    var attempt = 1
    while true {
      let id = SessionID(start: start, attempt: attempt)
      if try disk.makeNewFolder("\(folder)/\(id)") { return id }
      attempt += 1
    }
  }

  /// Whether there is a file to which any unit can be added; without one, a key frame is needed.
  var hasSegment: Bool { segment != nil }

  /// Records a unit.
  /// - Returns: `false` when the unit cannot be decoded with what is recorded: a key frame is needed.
  func add(_ unit: AccessUnit, now: HostTime) throws(RecordingError) -> Bool {
    if let current = segment, mustEnd(current, before: unit) { try endSegment() }
    if segment == nil {
      guard unit.isKeyFrame else { return false }
      try beginSegment(with: unit, now: now)
    }
    guard let segment else { return false }
    let before = segment.bytesWritten
    try segment.add(unit, now: now)
    metrics.recordBytes(segment.bytesWritten - before)
    metrics.recordFrame()
    metadata.total_frames += 1
    companion?.add(unit)
    lastCapturedAt = max(lastCapturedAt, unit.capturedAt)
    isChanged = true
    if let stills, let interval = options.stillInterval {
      let number = metadata.total_frames
      stills.offer(StillCandidate(unit: unit, number: number, isWanted: (number - 1) % max(1, interval) == 0))
    }
    return true
  }

  private func mustEnd(_ segment: SegmentWriter, before unit: AccessUnit) -> Bool {
    let sets = unit.parameterSets
    if sets !== segment.sets, !sets.hasSameContent(as: segment.sets) { return true }
    guard unit.isKeyFrame else { return false }
    // The capture clock was set back: a file's times must not.
    if unit.capturedAt.since(segment.lastCapturedAt) < .seconds(-1) { return true }
    // A tenth of a second early is due as well: captures jitter, and the next key frame may be seconds away.
    let tolerance = min(Nanoseconds.milliseconds(100).value, options.segmentDuration.value / 10)
    return unit.capturedAt.since(segment.startedAt).value >= options.segmentDuration.value - tolerance
  }

  /// Frames of the stream that are not recorded.
  func missed(_ count: Int) {
    metadata.missed_frames += count
    companion?.missed(count)
    isChanged = isChanged || count > 0
  }

  // MARK: Segments

  /// `video.mp4` while there is one file; `video_000.mp4`, `video_001.mp4` … from the second on.
  private static func name(ofSegment index: Int) -> String {
    let digits = String(index)
    return "video_" + String(repeating: "0", count: max(0, 3 - digits.count)) + digits + ".mp4"
  }

  private func beginSegment(with unit: AccessUnit, now: HostTime) throws(RecordingError) {
    if segmentCount == 1, let first = finished.first, first.name == RecordingCatalog.soleVideoName {
      try disk.rename("\(folder)/\(first.name)", to: "\(folder)/\(Self.name(ofSegment: 0))")
      finished[0].name = Self.name(ofSegment: 0)
    }
    tellOfFirstSegment()
    let name = segmentCount == 0 ? RecordingCatalog.soleVideoName : Self.name(ofSegment: segmentCount)
    let path = "\(folder)/\(name)"
    do throws(RecordingError) {
      segment = try SegmentWriter(
        first: unit, path: path, name: name, disk: disk, options: options, now: now)
    } catch {
      try? disk.remove(path)
      throw error
    }
    segmentCount += 1
    logger.debug("video file began", metadata: [.file: "\(name)", .resolution: "\(unit.parameterSets.resolution)"])
  }

  private func endSegment() throws(RecordingError) {
    guard let ended = segment else { return }
    segment = nil
    let before = ended.bytesWritten
    var failure: RecordingError?
    do throws(RecordingError) {
      try ended.finish()
    } catch {
      salvage(ended)
      failure = error
    }
    metrics.recordBytes(max(0, ended.bytesWritten - before))
    keep(ended)
    if let failure { throw failure }
  }

  private func keep(_ ended: SegmentWriter) {
    if ended.metadata.frames > 0 {
      finished.append(ended.metadata)
      if ended.metadata.name == RecordingCatalog.soleVideoName {
        holdsFirstSegment = true
      } else {
        tell(of: ended.metadata)
      }
    } else {
      try? disk.remove("\(folder)/\(ended.metadata.name)")
      segmentCount -= 1
    }
  }

  private func tellOfFirstSegment() {
    guard holdsFirstSegment, let first = finished.first else { return }
    holdsFirstSegment = false
    tell(of: first)
  }

  private func tell(of file: SessionMetadata.File) {
    events.note(
      .segmentClosed(
        ClosedSegment(
          stream: metadata.stream, session: id, path: "\(id)/\(file.name)", bytes: file.bytes, frames: file.frames,
          duration: .seconds(file.duration_s))))
  }

  /// Ends the file after an error: what is in it plays.
  func abandonSegment() {
    guard let ended = segment else { return }
    segment = nil
    salvage(ended)
    keep(ended)
  }

  /// Keeps what plays of a file, and counts what was lost.
  private func salvage(_ ended: SegmentWriter) {
    let frames = ended.metadata.frames
    ended.abandon()
    metadata.total_frames -= frames - ended.metadata.frames
    metadata.missed_frames += frames - ended.metadata.frames
    isChanged = true
  }

  /// Ends the file while there is still room to do so properly.
  func suspend() throws(RecordingError) { try endSegment() }

  // MARK: Metadata

  /// Writes what is due: the fragment of a stream that paused; once a second metadata, and syncs the video.
  func tick(now: HostTime) throws(RecordingError) {
    if let segment {
      let before = segment.bytesWritten
      try segment.tick(now: now)
      metrics.recordBytes(segment.bytesWritten - before)
    }
    guard now.since(lastSavedAt) >= options.syncInterval else { return }
    try segment?.sync()
    try save(now: now)
  }

  /// Writes stills that are ready.
  func storeStills() throws(RecordingError) {
    guard let stills else { return }
    try store(stills.collect())
  }

  private func store(_ collected: (stills: [Still], missed: Int)) throws(RecordingError) {
    metrics.recordStillsMissed(collected.missed)
    for still in collected.stills {
      let digits = String(still.number)
      let name = "frame_" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits + ".jpg"
      try disk.replace("\(folder)/\(name)", with: still.jpeg, lasts: false)
      framesText.append(
        SessionMetadata.Frame(
          frame_number: still.number, timestamp: still.capturedAt.secondsSince1970, path: name))
      if metadata.poster == nil { metadata.poster = name }
      metrics.recordStill()
      metrics.recordBytes(still.jpeg.readableBytes)
      isChanged = true
    }
  }

  private func save(now: HostTime) throws(RecordingError) {
    lastSavedAt = now
    guard isChanged else { return }
    metadata.files = finished + (segment.map { [$0.metadata] } ?? [])
    try disk.replace(
      "\(folder)/\(SessionMetadata.fileName)", with: metadata.encoded(frames: framesText), lasts: true)
    isChanged = false
  }

  /// Ends the session: files, stills and metadata are complete afterwards. A session without a frame leaves nothing.
  ///
  /// On an error the rest is left for the next start, which completes what a crash or a full disk left.
  func end(now: HostTime) throws(RecordingError) {
    defer { logger.info("recording ended", metadata: [.count: "\(metadata.total_frames)"]) }
    do throws(RecordingError) {
      try finish(now: now)
      tellOfEnd(.complete)
    } catch {
      tellOfEnd(.incomplete)
      throw error
    }
  }

  private func tellOfEnd(_ outcome: EndedSession.Outcome) {
    guard !finished.isEmpty else { return }
    tellOfFirstSegment()
    events.note(
      .sessionEnded(
        EndedSession(
          stream: metadata.stream, session: id, outcome: outcome, bytes: finished.reduce(0) { $0 + $1.bytes },
          frames: metadata.total_frames, duration: lastCapturedAt.since(firstCapturedAt))))
  }

  private func finish(now: HostTime) throws(RecordingError) {
    companion?.end()
    if segment != nil { try endSegment() }
    // Three seconds: decoding a long group of pictures for the last still.
    if let stills { try store(stills.finish(within: options.waitsForStills ? nil : .seconds(3))) }
    guard !finished.isEmpty else {
      try disk.removeFolder(folder)
      return
    }
    metadata.end_time = lastCapturedAt.secondsSince1970
    isChanged = true
    try save(now: now)
    try disk.syncFolder(folder)
  }
}
