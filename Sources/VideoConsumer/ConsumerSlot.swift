import Relay
import CodedMedia
import Clocks
import Logging
import MediaModel
import NIOCore
import Observability
import Threading

/// One consumer: its mailboxes, its thread, its figures.
final class ConsumerSlot: Sendable {
  /// Progress is logged this often (protocol.md section 9).
  private static let framesPerReport = 100

  let demand: ConsumerDemand
  private let consumer: any VideoConsumer
  private let tracing: FrameTracing
  private let clocks: SystemClocks
  private let logger: Logger
  private let metrics: ConsumerMetrics
  private let frames: Mailbox<ConsumedFrame>

  init(
    _ consumer: any VideoConsumer, isLive: Bool, unitPolicy: Mailbox<FedUnit>.Policy, tracing: FrameTracing,
    clocks: SystemClocks, logger: Logger
  ) {
    self.consumer = consumer
    self.tracing = tracing
    self.clocks = clocks
    var logger = logger
    logger[metadataKey: "service"] = "\(consumer.service)"
    self.logger = logger
    demand = consumer.demand
    metrics = ConsumerMetrics(service: consumer.service)
    frames = Mailbox(Self.policy(demand, isLive: isLive, unitPolicy))
  }

  private static func policy(
    _ demand: ConsumerDemand, isLive: Bool, _ unitPolicy: Mailbox<FedUnit>.Policy
  ) -> Mailbox<ConsumedFrame>.Policy {
    guard isLive else { return .wait(capacity: 4) }
    guard demand.units, case .dropToRestart(let capacity, _) = unitPolicy else { return .keepLatest }
    return .dropToRestart(capacity: capacity) { $0.picture == nil && $0.unit.isKeyFrame }
  }

  /// Hands on a unit.
  func offer(_ fed: FedUnit) async {
    await frames.put(
      ConsumedFrame(
        number: fed.number, unit: fed.delivery.unit, picture: nil, skipped: fed.delivery.skipped, stream: fed.stream,
        trace: fed.delivery.unit.trace), waits: fed.stream.canWait)
  }

  /// Hands on a picture, if the consumer wants this one.
  func offer(_ frame: ConsumedFrame) async {
    guard let interval = demand.pictureInterval, (frame.number - 1) % interval == 0 else { return }
    await frames.put(frame, waits: frame.stream.canWait)
  }

  /// No frame follows.
  func finish() { frames.finish() }

  /// Gives frames to the consumer until there are no more.
  func run() async {
    let thread = ThreadExecutor(name: consumer.service)
    await withTaskExecutorPreference(thread) { await consumeHere() }
  }

  @concurrent private func consumeHere() async {
    var generation: Int?
    var progress = Progress(startedAt: clocks.host())
    while let (waiting, missed) = await frames.take() {
      var frame = waiting
      frame.skipped += missed
      metrics.recordSkipped(missed)
      progress.skipped += missed
      if frame.stream.generation != generation {
        generation = frame.stream.generation
        await begin(frame.stream)
      }
      let start = clocks.host()
      let span = beginTracking(&frame)
      defer { span?.end() }
      do {
        try await consumer.consume(frame)
      } catch {
        span?.failed(error)
        metrics.recordFailed()
        logger.error(
          "frame could not be processed", metadata: [.frame: "\(frame.number)", .error: "\(error)"])
      }
      metrics.recordProcessed(in: clocks.host().since(start))
      progress.processed += 1
      if progress.processed % Self.framesPerReport == 0 { report(&progress, frame) }
    }
    await consumer.finish()
    logger.info(
      "video ended", metadata: [.count: "\(progress.processed)", .skipped: "\(progress.skipped)"])
  }

  /// What a service makes of a picture is a step of its own, and what follows from it comes below that.
  private func beginTracking(_ frame: inout ConsumedFrame) -> FrameSpan? {
    guard frame.picture != nil, let span = tracing.begin(.track, in: frame.trace) else { return nil }
    span.set(.component, consumer.service)
    let unit = frame.unit
    span.describe(sequence: unit.sequence, isKeyFrame: unit.isKeyFrame, bytes: unit.bytes.readableBytes)
    frame.trace = span.context
    return span
  }

  private func begin(_ stream: ConsumedStream) async {
    do {
      try await consumer.streamBegan(stream)
    } catch {
      logger.error("stream could not be started", metadata: [.url: "\(stream.place)", .error: "\(error)"])
    }
  }

  private func report(_ progress: inout Progress, _ frame: ConsumedFrame) {
    let now = clocks.host()
    let seconds = now.since(progress.reportedAt).seconds
    progress.reportedAt = now
    logger.info(
      "progress",
      metadata: [
        .count: "\(progress.processed)", .frame: "\(frame.number)", .skipped: "\(progress.skipped)",
        .framesPerSecond: "\(seconds > 0 ? (Double(Self.framesPerReport) / seconds * 10).rounded() / 10 : 0)",
      ])
  }

  private struct Progress {
    var processed = 0
    var skipped = 0
    var reportedAt: HostTime

    init(startedAt: HostTime) { reportedAt = startedAt }
  }
}
