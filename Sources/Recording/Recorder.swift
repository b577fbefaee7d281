public import CodedMedia
public import Clocks
public import Logging
import MediaModel
import NIOCore
public import Observability
public import ServiceLifecycle
import Synchronization
import Threading
public import VideoConsumer

/// Records one stream: fragmented MP4 by stream copy, stills as JPEG, metadata (protocol.md section 11).
///
/// - A session begins with the first key frame and ends when no frame came for ``RecorderOptions/idleLimit``, or when
///   the recorder is told to finish.
/// - What a crash of the process can lose is the fragment that is being put together: less than a second. What it leaves
///   plays, and the next start completes it.
/// - A full or failing disk pauses recording, with one error in the log; it goes on at a key frame.
///
/// Calls block on the disk: they belong on a thread of their own, with a bounded queue in front (``ReaderLimits/deep``, or
/// a `ConsumerRunner` with as many queued units).
public final class Recorder: VideoConsumer {
  /// How many units may wait in front of a recorder that a `ConsumerRunner` feeds: 68 s at 30 frames a second.
  public static let queuedUnits = 2_048

  private let core: Mutex<RecorderCore>
  private let clocks: SystemClocks
  private let tracing: FrameTracing
  private let events: EventOutlet<RecordingEvent>
  private let stream: String

  /// - Parameters:
  ///   - stream: its name, for the metadata.
  ///   - metrics: shared by all recorders of the process.
  ///   - companion: makes what is kept of each session beside its video.
  ///   - onEvent: is told what is finished, in order, on the thread that records; it must not block.
  public convenience init(
    stream: String, options: RecorderOptions, metrics: RecordingMetrics, clocks: SystemClocks = .system,
    tracing: FrameTracing = .off, companion: SessionCompanionMaker? = nil, logger: Logger,
    onEvent: (@Sendable (RecordingEvent) -> Void)? = nil
  ) {
    self.init(
      stream: stream, options: options, disk: PosixDisk(), metrics: metrics, clocks: clocks, tracing: tracing,
      companion: companion, logger: logger, onEvent: onEvent)
  }

  package init(
    stream: String, options: RecorderOptions, disk: any Disk, metrics: RecordingMetrics, clocks: SystemClocks,
    tracing: FrameTracing = .off, companion: SessionCompanionMaker? = nil, logger: Logger,
    onEvent: (@Sendable (RecordingEvent) -> Void)? = nil
  ) {
    events = EventOutlet(onEvent)
    core = Mutex(
      RecorderCore(
        stream: stream, options: options, disk: disk, metrics: metrics, events: events, companion: companion,
        logger: logger))
    self.clocks = clocks
    self.tracing = tracing
    self.stream = stream
  }

  /// Records a unit.
  /// - Parameter skipped: units between the one before and this one that were left out in front of the recorder.
  public func take(_ unit: AccessUnit, skipped: Int) {
    let span = tracing.begin(.record, in: unit.trace)
    core.withLock { $0.take(unit, skipped: skipped, now: clocks.host(), wall: clocks.wall()) }
    if let span { end(span, of: unit) }
    events.deliver()
  }

  private func end(_ span: FrameSpan, of unit: AccessUnit) {
    span.set(.stream, stream)
    span.describe(sequence: unit.sequence, isKeyFrame: unit.isKeyFrame, bytes: unit.bytes.readableBytes)
    span.end()
  }

  /// Does what time demands: writes metadata, notices that the stream ended or the disk has room again. Call it a few
  /// times a second, from a thread that may block.
  public func tick() {
    core.withLock { $0.tick(now: clocks.host()) }
    events.deliver()
  }

  /// Ends the session, if there is one, so that everything of it is on the disk.
  public func endSession() {
    core.withLock { $0.endSession(now: clocks.host()) }
    events.deliver()
  }

  /// The session that is recorded now.
  public var sessionID: SessionID? { core.withLock { $0.sessionID } }

  /// Why nothing is recorded at the moment.
  public var pauseReason: RecordingError? { core.withLock { $0.pauseReason } }

  // MARK: VideoConsumer

  public var service: String { "recorder" }
  public var demand: ConsumerDemand { .codedUnits }

  public func consume(_ frame: ConsumedFrame) async throws {
    take(frame.unit, skipped: frame.skipped)
  }

  public func finish() async { endSession() }
}

/// What a recorder needs beside the frames: the care for the storage folder, and the passing of time. For the process
/// that runs `worldsystem record`; runs until it is cancelled or shut down gracefully.
public struct RecorderCare: Service {
  private let recorder: Recorder
  private let keeper: RecordingKeeper

  public init(recorder: Recorder, keeper: RecordingKeeper) {
    self.recorder = recorder
    self.keeper = keeper
  }

  public func run() async throws {
    let thread = ThreadExecutor(name: "recorder-care")
    try await cancelWhenGracefulShutdown {
      try await thread.run { keeper.start() }
      while !Task.isCancelled {
        try await thread.run {
          recorder.tick()
          keeper.tick()
        }
        // A cancelled sleep throws: that is the end.
        do { try await Task.sleep(for: .milliseconds(250)) } catch { return }
      }
    }
  }
}
