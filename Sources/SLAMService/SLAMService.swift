public import Clocks
public import Geometry
public import Logging
internal import MediaModel
public import MapFormats
public import MessageBus
public import SLAM
import Observability
import Synchronization
import Threading
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
  private let logger: Logger
  private let disk = ThreadExecutor(name: "slam-map")
  private let keeping = Mutex<(task: Task<Void, Never>?, failure: String?)>((nil, nil))

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
    self.logger = logger
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

  /// Why the map could not be kept the last time; `nil` when it was, or need not be.
  public var mapFailure: String? { keeping.withLock { $0.failure } }

  /// Whether anything was added to the map that is kept.
  public var hasMapGrown: Bool { core.withLock { $0.hasMapGrown } }

  /// Writes a map to its file.
  private func write(_ map: SavedMap) async {
    guard let file = options.mapFile else { return }
    do {
      try await disk.run { try file.write(map) }
      keeping.withLock { $0.failure = nil }
      logger.info(
        "slam keeps its map", metadata: [.file: "\(file.path)", .count: "\(map.keyFrameCount)"])
    } catch {
      keeping.withLock { $0.failure = "\(error)" }
      logger.error("slam cannot keep its map", metadata: [.file: "\(file.path)", .reason: "\(error)"])
    }
  }

  /// Writes a map while frames go on. One at a time: what comes meanwhile is written the next time.
  private func writeAside(_ map: SavedMap) {
    keeping.withLock { keeping in
      guard keeping.task == nil else { return }
      // Unstructured because frames do not wait for the disk; `finish` waits for it.
      keeping.task = Task {
        await write(map)
        self.keeping.withLock { $0.task = nil }
      }
    }
  }

  // MARK: VideoConsumer

  public var service: String { "slam" }
  public var demand: ConsumerDemand { .pictures(every: options.frameSkip) }

  public func consume(_ frame: ConsumedFrame) async throws {
    guard let picture = frame.picture else { return }
    let news = inbox.withLock { inbox in
      defer { inbox = Inbox() }
      return inbox
    }
    let nanos = frame.capturedAt.nanosSince1970
    let map = try core.withLock { core in
      if news.isRestartAsked { core.restart() }
      try core.take(
        SLAMPicture(
          number: frame.number, nanos: nanos, picture: picture, isLive: frame.stream.isLive,
          canWait: frame.stream.canWait,
          trace: frame.trace),
        motion: news.motion)
      return core.mapToKeep(at: nanos)
    }
    if let map { writeAside(map) }
  }

  public func finish() async {
    let motion = inbox.withLock { $0.motion }
    await keeping.withLock { $0.task }?.value
    // What comes now may take longer than this process is given: the map as it is first.
    if let map = core.withLock({ $0.mapToKeep(at: nil) }) { await write(map) }
    let map = core.withLock { core in
      core.finish(motion: motion)
      return core.hasMapGrown ? core.keptMap : nil
    }
    if let map { await write(map) }
  }
}
