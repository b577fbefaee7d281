internal import PosixFiles
import CodedMedia
import Logging
import MediaModel
import Observability

/// Decides what is recorded where, and when recording pauses. Calls block on the disk and must not overlap.
final class RecorderCore {
  private enum State {
    /// Units are recorded; without a session, the next key frame begins one.
    case recording
    /// Nothing is written until the disk is looked at again.
    case paused(RecordingError, nextCheck: HostTime)
  }

  /// How often the disk is looked at while it is full, and for its free space otherwise.
  private static let spaceCheckInterval = Nanoseconds.seconds(1)
  /// After an error that freeing space does not help.
  private static let retryInterval = Nanoseconds.seconds(5)

  private let stream: String
  private let options: RecorderOptions
  private let disk: any Disk
  private let metrics: RecordingMetrics
  private let events: EventOutlet<RecordingEvent>
  private let companion: SessionCompanionMaker?
  private let logger: Logger
  private var state = State.recording
  private var session: RecordedSession?
  private var lastUnitAt: HostTime?
  private var lastSpaceCheck: HostTime?
  /// What was logged last, until something is recorded again: a lasting fault is one error, not one every retry.
  private var reportedReason: RecordingError?

  init(
    stream: String, options: RecorderOptions, disk: any Disk, metrics: RecordingMetrics,
    events: EventOutlet<RecordingEvent>, companion: SessionCompanionMaker? = nil, logger: Logger
  ) {
    self.companion = companion
    self.events = events
    self.stream = stream
    self.options = options
    self.disk = disk
    self.metrics = metrics
    self.logger = logger
  }

  /// The session that is recorded now.
  var sessionID: SessionID? { session?.id }

  var pauseReason: RecordingError? {
    if case .paused(let reason, _) = state { reason } else { nil }
  }

  /// Records the next unit of the stream.
  /// - Parameter skipped: units between the one before and this one that never came here.
  func take(_ unit: AccessUnit, skipped: Int, now: HostTime, wall: WallTime) {
    lastUnitAt = now
    if skipped > 0 {
      metrics.recordMissed(skipped, .tooSlow)
      session?.missed(skipped)
    }
    checkDisk(now: now)
    if case .paused = state { return miss(.paused) }
    do throws(RecordingError) {
      if session == nil {
        guard unit.isKeyFrame else { return miss(.awaitsKeyFrame) }
        session = try RecordedSession(
          stream: stream, first: unit, options: options, disk: disk, metrics: metrics, events: events,
          companion: companion, logger: logger, now: now, wall: wall)
      }
      guard let session else { return }
      if try session.add(unit, now: now) { reportedReason = nil } else { miss(.awaitsKeyFrame) }
    } catch {
      pause(error, now: now)
      miss(.paused)
    }
    keepUp(now: now)
  }

  /// Writes what is due beside the frames.
  private func keepUp(now: HostTime) {
    guard case .recording = state, let session else { return }
    do throws(RecordingError) {
      try session.storeStills()
      try session.tick(now: now)
    } catch {
      pause(error, now: now)
    }
  }

  private func miss(_ reason: RecordingMetrics.Miss) {
    metrics.recordMissed(1, reason)
    session?.missed(1)
  }

  /// Does what time demands. Call it some times a second.
  func tick(now: HostTime) {
    checkDisk(now: now)
    if let lastUnitAt, now.since(lastUnitAt) >= options.idleLimit { return endSession(now: now) }
    keepUp(now: now)
  }

  /// Ends the session, if there is one; a key frame begins the next.
  func endSession(now: HostTime) {
    lastUnitAt = nil
    guard let ended = session else { return }
    session = nil
    do throws(RecordingError) {
      try ended.end(now: now)
    } catch {
      logger.error(
        "recording could not be ended properly, the next start completes it",
        metadata: [.session: "\(ended.id)", .error: "\(error)"])
    }
  }

  // MARK: Full disk

  private func checkDisk(now: HostTime) {
    switch state {
    case .recording:
      if let lastSpaceCheck, now.since(lastSpaceCheck) < Self.spaceCheckInterval { return }
      lastSpaceCheck = now
      guard let space = try? disk.space(at: options.folder), space.freeBytes < options.minimumFreeBytes else { return }
      pause(.lowSpace(freeBytes: space.freeBytes, minimumBytes: options.minimumFreeBytes), now: now)
    case .paused(let reason, let nextCheck):
      guard now >= nextCheck else { return }
      guard !reason.isFullDisk || hasSpaceAgain() else {
        state = .paused(reason, nextCheck: now.advanced(by: Self.spaceCheckInterval))
        return
      }
      state = .recording
      lastSpaceCheck = now
      metrics.recordPause(false)
      logger.info("recording goes on at the next key frame", metadata: [.stream: "\(stream)"])
    }
  }

  /// Some more than the minimum, so that recording does not flap: a twentieth of the disk, at most 64 MiB.
  private func hasSpaceAgain() -> Bool {
    guard let space = try? disk.space(at: options.folder) else { return false }
    return space.freeBytes >= options.minimumFreeBytes + min(64 << 20, space.totalBytes / 20)
  }

  private func pause(_ reason: RecordingError, now: HostTime) {
    if case .paused = state { return }
    let interval = reason.isFullDisk ? Self.spaceCheckInterval : Self.retryInterval
    state = .paused(reason, nextCheck: now.advanced(by: interval))
    metrics.recordPause(true)
    if reportedReason?.isSameFault(as: reason) != true {
      logger.error(
        "recording pauses, the live video goes on", metadata: [.stream: "\(stream)", .reason: "\(reason)"])
      reportedReason = reason
    }
    if case .lowSpace = reason, (try? session?.suspend()) != nil { return }
    session?.abandonSegment()
  }
}
