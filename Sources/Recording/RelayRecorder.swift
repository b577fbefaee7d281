public import Clocks
import CodedMedia
public import Logging
public import MediaModel
public import Observability
public import Relay
public import ServiceLifecycle
import Synchronization
import Threading
import VideoConsumer

/// Records every stream of a relay that is published on this server, each as soon as it is live.
public final class RelayRecorder: Service {
  private let relay: Relay
  private let options: RecorderOptions
  private let keeper: RecordingKeeper
  private let metrics: RecordingMetrics
  /// What other services count in a `ConsumerRunner`, which a recorder inside the server does without.
  private let serviceMetrics = ConsumerMetrics(service: "recorder")
  private let clocks: SystemClocks
  private let tracing: FrameTracing
  private let companion: SessionCompanionMaker?
  private let logger: Logger
  private let onEvent: (@Sendable (RecordingEvent) -> Void)?
  /// At most as many as the relay has streams.
  private let recorders = Mutex<[StreamName: Recorder]>([:])

  /// - Parameters:
  ///   - companion: makes what is kept of each session beside its video.
  ///   - onEvent: is told what is finished, in order for each stream, on the threads that record; it must not block.
  public init(
    relay: Relay, options: RecorderOptions, keeper: RecordingKeeper, metrics: RecordingMetrics,
    clocks: SystemClocks = .system, tracing: FrameTracing = .off, companion: SessionCompanionMaker? = nil,
    logger: Logger, onEvent: (@Sendable (RecordingEvent) -> Void)? = nil
  ) {
    self.tracing = tracing
    self.companion = companion
    self.onEvent = onEvent
    self.relay = relay
    self.options = options
    self.keeper = keeper
    self.metrics = metrics
    self.clocks = clocks
    self.logger = logger
  }

  /// Why a stream is not recorded at the moment, for each of which that is so.
  public var pauseReasons: [StreamName: RecordingError] {
    recorders.withLock { $0 }.compactMapValues(\.pauseReason)
  }

  /// The folder of the session that is recorded now for a stream; `nil` when there is none.
  public func sessionFolder(of stream: StreamName) -> String? {
    guard let session = recorders.withLock({ $0[stream] })?.sessionID else { return nil }
    return "\(options.folder)/\(session)"
  }

  /// Runs until the service group shuts down or the task is cancelled; all sessions are complete then.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        group.addTask { await self.care() }
        while !Task.isCancelled {
          for stream in self.relay.streams() where Self.isToBeRecorded(stream.snapshot()) && self.add(stream.name) {
            group.addTask { await self.record(stream) }
          }
          try? await Task.sleep(for: Self.interval)
        }
      }
    }
  }

  /// How often it looks for new streams, and at what time demands.
  private static let interval = Duration.milliseconds(250)

  /// Does what waits for the disk beside the frames. Apart from ``run()``, so that no new stream waits for a slow disk:
  /// a short one would be over before it is seen.
  private func care() async {
    let thread = ThreadExecutor(name: "recorder-care")
    try? await thread.run { self.keeper.start() }
    while !Task.isCancelled {
      let recorders = self.recorders.withLock { Array($0.values) }
      try? await thread.run {
        for recorder in recorders { recorder.tick() }
        self.keeper.tick()
      }
      try? await Task.sleep(for: Self.interval)
    }
  }

  /// What comes from another server is recorded there.
  private static func isToBeRecorded(_ snapshot: StreamSnapshot) -> Bool { snapshot.isLive && !snapshot.isRemote }

  /// - Returns: `false` when the stream is recorded already.
  private func add(_ name: StreamName) -> Bool {
    recorders.withLock { recorders in
      guard recorders[name] == nil else { return false }
      recorders[name] = Recorder(
        stream: name.text, options: options, metrics: metrics, clocks: clocks, tracing: tracing,
        companion: companion, logger: logger, onEvent: onEvent)
      return true
    }
  }

  private func record(_ stream: RelayStream) async {
    guard let recorder = recorders.withLock({ $0[stream.name] }) else { return }
    let reader = stream.reader(
      ReaderOptions(policy: .decodable, limits: .deep, transport: .recorder, keepsBacklog: true, takesLocalOnly: true))
    let thread = ThreadExecutor(name: "recorder")
    await withTaskExecutorPreference(thread) { await drain(reader, into: recorder) }
    recorders.withLock { $0[stream.name] = nil }
  }

  /// Reads to the end of the stream, on the recorder's own thread.
  @concurrent private func drain(_ reader: UnitReader, into recorder: Recorder) async {
    defer { reader.close() }
    do {
      while let delivery = try await reader.next() {
        let start = clocks.host()
        recorder.take(delivery.unit, skipped: delivery.skipped)
        serviceMetrics.recordSkipped(delivery.skipped)
        serviceMetrics.recordProcessed(in: clocks.host().since(start))
      }
    } catch {
      // Only `lossless` readers fail, and this one is not.
    }
    recorder.endSession()
  }
}
