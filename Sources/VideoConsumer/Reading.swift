import Logging
import Clocks
import CodedMedia
import H264
import MediaModel
import Observability
import Relay
import Synchronization

/// What the runner knows while it reads: numbers units, tells where a stream begins, and hands units on.
final class Reading: Sendable {
  private struct State {
    var generation = 0
    var number = 0
    var hasFrames = false
    var description = FeedDescription()
    var stream: ConsumedStream?
    var sets: ParameterSets?
    var sequence: UInt64?
  }

  private let runner: ConsumerRunner
  private let rejects: RateLimitedLogger
  private let state = Mutex(State())

  init(runner: ConsumerRunner) {
    self.runner = runner
    rejects = RateLimitedLogger(runner.logger)
  }

  /// Whether frames have come since `begin()`.
  var hasFrames: Bool { state.withLock { $0.hasFrames } }

  /// A new connection: whatever comes is another stream.
  func begin() {
    state.withLock { state in
      state.hasFrames = false
      state.description = FeedDescription()
      state.stream = nil
    }
  }

  func handle(_ event: FeedEvent) async {
    switch event {
    case .described(let description): state.withLock { $0.description = description }
    case .rejected(let reason):
      rejects.log(
        level: .warning, "part of the video is malformed and was left out", at: runner.clocks.host(),
        metadata: [.url: "\(runner.feed.place)", .reason: "\(reason)"])
    case .delivery(let delivery):
      let (fed, isNew) = state.withLock { fedUnit(delivery, &$0) }
      if isNew { log(fed.stream) }
      for slot in runner.slots where slot.demand.units { await slot.offer(fed) }
      await runner.decoderInput?.put(fed, waits: fed.stream.canWait)
    }
  }

  private func fedUnit(_ delivery: Delivery, _ state: inout State) -> (FedUnit, isNew: Bool) {
    state.hasFrames = true
    state.number += delivery.skipped + 1
    let sets = delivery.unit.parameterSets
    let isSame = sets === state.sets || state.sets.map { $0.hasSameContent(as: sets) } ?? false
    let canWait = !runner.feed.isLive || delivery.unit.publication.isReplay
    if let stream = state.stream, isSame, stream.canWait == canWait {
      return (FedUnit(delivery: delivery, number: state.number, stream: stream, description: state.description), false)
    }
    state.generation += 1
    state.sets = sets
    let nominal = (try? SequenceParameterSet.parse(sets.sps))?.nominalFramesPerSecond
    let stream = ConsumedStream(
      place: runner.feed.place, resolution: state.description.statedResolution ?? sets.resolution,
      framesPerSecond: state.description.framesPerSecond ?? nominal, codec: sets.codecString,
      isLive: runner.feed.isLive, canWait: canWait, generation: state.generation)
    state.stream = stream
    return (FedUnit(delivery: delivery, number: state.number, stream: stream, description: state.description), true)
  }

  private func log(_ stream: ConsumedStream) {
    runner.logger.info(
      "video source is open",
      metadata: [
        .url: "\(stream.place)", .resolution: "\(stream.resolution)",
        .framesPerSecond: "\(stream.framesPerSecond.map { "\($0)" } ?? "not stated")",
      ])
  }
}
