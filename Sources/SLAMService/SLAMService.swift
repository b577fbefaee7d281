public import Clocks
public import Geometry
public import Logging
internal import MediaModel
public import MapFormats
public import MessageBus
public import SLAM
import Synchronization
public import VideoConsumer

/// Finds out where the camera of one stream is: poses and a map, published on the bus, with key frames on disk and in
/// shared memory.
///
/// It is the same for every back end. Another picture size, a jump of the capture times and ``restart()`` begin a new
/// segment, with a new back end and new maps.
public final class SLAMService: VideoConsumer {
  /// What comes from elsewhere and waits for the next frame.
  private struct Inbox {
    var motion: [MotionSample] = []
    var isRestartAsked = false
  }

  private let options: SLAMServiceOptions
  private let metrics: SLAMMetrics
  private let core: Mutex<SLAMCore>
  private let inbox = Mutex(Inbox())

  /// - Parameters:
  ///   - bus: takes poses and point clouds.
  ///   - metrics: shared by all of the process.
  ///   - makeBackend: begins a segment, for pictures of this camera; by default with ``SLAMEngine``.
  public init(
    options: SLAMServiceOptions, bus: any MessageBus, metrics: SLAMMetrics, clocks: SystemClocks = .system,
    logger: Logger, makeBackend: (@Sendable (CameraModel) -> any SLAMBackend)? = nil
  ) {
    self.options = options
    self.metrics = metrics
    let engine = Self.engineOptions(for: options.camera)
    core = Mutex(
      SLAMCore(
        options: options, bus: bus, metrics: metrics, clocks: clocks, logger: logger,
        makeBackend: makeBackend ?? { SLAMEngine(camera: $0, options: engine) }))
  }

  /// What the usual back end has to know of a camera; `nil`: nothing is known.
  public static func engineOptions(for camera: CameraDescription?) -> SLAMOptions {
    var options = SLAMOptions()
    options.calibration = camera.map { $0.isCalibrated ? .known : .nominal } ?? .assumed
    options.readoutSeconds = camera?.readoutSeconds ?? 0
    return options
  }

  /// Takes readings of the sensors beside the camera. Never waits; the oldest are dropped, and counted, when no frame
  /// comes for long.
  public func add(_ samples: [MotionSample]) {
    let dropped = inbox.withLock { inbox in
      inbox.motion += samples
      let surplus = max(0, inbox.motion.count - options.queuedSamples)
      inbox.motion.removeFirst(surplus)
      return surplus
    }
    metrics.recordSamplesDropped(dropped)
  }

  /// Begins a new segment with the next frame.
  public func restart() { inbox.withLock { $0.isRestartAsked = true } }

  /// What every segment found out, in order, once the frames are at their end; only with
  /// ``SLAMServiceOptions/keepsResults``.
  public var results: [SLAMResult] { core.withLock { $0.results } }

  /// Why frames were left out, the first reason; `nil` when none was.
  public var problem: SLAMServiceError? { core.withLock { $0.problem } }

  // MARK: VideoConsumer

  public var service: String { "slam" }
  public var demand: ConsumerDemand { .pictures(every: options.frameSkip) }

  public func consume(_ frame: ConsumedFrame) async throws {
    guard let picture = frame.picture else { return }
    let news = inbox.withLock { inbox in
      defer { inbox = Inbox() }
      return inbox
    }
    try core.withLock { core in
      if news.isRestartAsked { core.restart() }
      try core.take(
        SLAMPicture(
          number: frame.number, nanos: frame.capturedAt.nanosSince1970, picture: picture, isLive: frame.stream.isLive,
          trace: frame.trace), motion: news.motion)
    }
  }

  public func finish() async {
    let motion = inbox.withLock { $0.motion }
    core.withLock { $0.finish(motion: motion) }
  }
}
