import CodedMedia
public import Clocks
import FFmpeg
public import Logging
public import MediaModel
public import Observability
import Relay
public import ServiceLifecycle
import Synchronization
import WebSocketTransport

/// Feeds consumers from one source: connects, decodes once for all of them, and keeps going.
///
/// - A live source that ends or fails is tried again after 2 s, then 4 s, up to 30 s; frames that come make the next
///   failure a first one. Nothing a consumer does stops the source: what it misses is skipped and counted.
/// - A file is read once, every frame, in order, at the pace of the slowest consumer; then ``run()`` returns.
/// - Reading, decoding and each consumer have a thread or task of their own; nothing of it runs on event loops.
public final class ConsumerRunner: Service {
  /// How to run.
  public struct Options: Sendable {
    public var backOff = BackOff()
    /// Threads to decode with; more than one decodes several pictures of a file at once.
    public var decoderThreads = 1
    /// Access units that may wait for the decoder, or for a consumer of units, when the source is live: 256 are 8.5 s
    /// at 30 frames a second, longer than decoding a key frame of any size or syncing a disk takes.
    public var queuedUnits = 256
    /// Follows frames that are traced: those chosen where they entered this process.
    public var tracing = FrameTracing.off
    /// Waits for so long; tests replace it.
    public var pause: @Sendable (Nanoseconds) async throws -> Void = {
      try await Task.sleep(nanoseconds: UInt64($0.value))
    }

    public init() {}
  }

  let feed: any UnitFeed
  let options: Options
  let clocks: SystemClocks
  let logger: Logger
  let slots: [ConsumerSlot]
  /// Units for the decoder; `nil` when no consumer wants pictures.
  let decoderInput: Mailbox<FedUnit>?
  private let stop = StopSignal()

  /// - Precondition: there is at least one consumer.
  public init(
    feed: any UnitFeed, consumers: [any VideoConsumer], options: Options = Options(), clocks: SystemClocks = .system,
    logger: Logger
  ) {
    precondition(!consumers.isEmpty, "a runner has somebody to feed")
    self.feed = feed
    self.options = options
    self.clocks = clocks
    self.logger = logger
    let unitPolicy: Mailbox<FedUnit>.Policy =
      feed.isLive
      ? .dropToRestart(capacity: options.queuedUnits) { $0.delivery.unit.isKeyFrame } : .wait(capacity: 8)
    slots = consumers.map {
      ConsumerSlot(
        $0, isLive: feed.isLive, unitPolicy: unitPolicy, tracing: options.tracing, clocks: clocks, logger: logger)
    }
    decoderInput = slots.contains { $0.demand.pictureInterval != nil } ? Mailbox(unitPolicy) : nil
  }

  /// Feeds consumers of another process, or of a file.
  /// - Parameter token: for the server that `source` names; a token in its query wins.
  public convenience init(
    source: VideoSource, token: String? = nil, consumers: [any VideoConsumer], options: Options = Options(),
    clocks: SystemClocks = .system, logger: Logger
  ) {
    let feed: any UnitFeed =
      switch source {
      case .webSocket(let endpoint):
        WebSocketFeed(
          endpoint: endpoint, options: WebSocketClientOptions(token: token), clocks: clocks, tracing: options.tracing)
      case .live(let location):
        DemuxerFeed(location: location, isLive: true, clocks: clocks, tracing: options.tracing)
      case .file(let path):
        DemuxerFeed(location: MediaLocation(path), isLive: false, clocks: clocks, tracing: options.tracing)
      }
    self.init(feed: feed, consumers: consumers, options: options, clocks: clocks, logger: logger)
  }

  /// Runs until a file is at its end, the service group shuts down, or the task is cancelled.
  /// - Throws: when a file cannot be read, or a server refuses for good.
  public func run() async throws {
    try await withTaskCancellationOrGracefulShutdownHandler {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for slot in slots { group.addTask { await slot.run() } }
        if let decoderInput { group.addTask { await self.decode(from: decoderInput) } }
        let outcome = await Result { try await self.readUntilStopped() }
        // Consumers finish what they have before they learn of the end.
        decoderInput?.finish()
        for slot in slots where slot.demand.pictureInterval == nil { slot.finish() }
        try await group.waitForAll()
        try outcome.get()
      }
    } onCancelOrGracefulShutdown: {
      self.stop.request()
    }
  }

  /// Reads until the source is at its end or the runner is to stop, which ends the reading but not the consumers.
  private func readUntilStopped() async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await self.readAgainAndAgain()
        return true
      }
      group.addTask {
        await self.stop.wait()
        return false
      }
      defer { group.cancelAll() }
      do {
        _ = try await group.next()
      } catch is CancellationError where stop.isRequested {}
      group.cancelAll()
      while let result = await group.nextResult() {
        if case .failure(let error) = result, !stop.isRequested { throw error }
      }
    }
  }

  private func readAgainAndAgain() async throws {
    var backOff = options.backOff
    let reading = Reading(runner: self)
    while !Task.isCancelled {
      reading.begin()
      var failure: (any Error)?
      do {
        try await feed.run { event in await reading.handle(event) }
      } catch {
        failure = error
      }
      if Task.isCancelled { return }
      if reading.hasFrames { backOff.succeeded() }
      guard feed.isLive, !((failure as? VideoConsumerError)?.isFinal ?? false) else {
        if let failure { throw failure }
        return
      }
      let wait = backOff.failed()
      logger.warning(
        "video source is gone, trying again",
        metadata: [
          .url: "\(feed.place)", .reason: "\(failure.map { "\($0)" } ?? "the stream ended")",
          .delaySeconds: "\(wait.seconds)",
        ])
      try await options.pause(wait)
    }
  }
}

/// An access unit on its way, with the stream it belongs to.
struct FedUnit: Sendable {
  var delivery: Delivery
  var number: Int
  var stream: ConsumedStream
  var description: FeedDescription
  /// What the decoder does with it, as long as it does.
  var decoding: FrameSpan?
}

extension Result where Failure == any Error {
  fileprivate init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
