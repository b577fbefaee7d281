import Clocks
import CodedMedia
import H264
import Logging
import MediaModel
import Observability
import Relay

/// Fetches one stream from its queue and publishes it at the relay: does what a ``RemoteStreamFollower`` decides.
actor RemoteStream {
  /// A reading of the queue, and what is to be done once it is over.
  private enum Order {
    case read(VideoQueueOffset)
    case finish
  }

  private let name: StreamName
  private let relay: Relay
  private let queues: any VideoQueueSource
  private let metrics: BusVideoMetrics
  private let clocks: SystemClocks
  private let logger: Logger
  private var follower: RemoteStreamFollower
  private var lease: PublisherLease?
  private var assembler = AccessUnitAssembler()
  private var reading: (any VideoQueueReading)?
  private var order: Order?
  private var waiter: CheckedContinuation<Void, Never>?

  init(
    name: StreamName, relay: Relay, queues: any VideoQueueSource, configuration: BusVideoConfiguration,
    metrics: BusVideoMetrics, clocks: SystemClocks, logger: Logger
  ) {
    self.name = name
    self.relay = relay
    self.queues = queues
    self.metrics = metrics
    self.clocks = clocks
    self.logger = logger
    follower = RemoteStreamFollower(node: configuration.node, parameters: configuration.following)
  }

  // MARK: Called by the service

  /// Time passes.
  /// - Returns: `false` when the stream can be given up; `run()` ends then.
  func tick(_ demand: RemoteStreamFollower.Demand, isAnnounced: Bool) -> Bool {
    let now = clocks.host()
    apply(follower.tick(demand, isAnnounced: isAnnounced, at: now))
    guard follower.isIdle else { return true }
    give(.finish)
    return false
  }

  /// Whether readers here get it now.
  var isPublishing: Bool { lease != nil }

  /// Reads the queue wherever the follower says, until the stream is given up or the task is cancelled.
  func run() async {
    while let order = await nextOrder() {
      guard case .read(let offset) = order else { break }
      let reading = queues.read(named: VideoQueueName.queue(of: name), from: offset)
      self.reading = reading
      metrics.countAttachment()
      do throws(VideoReadingEnd) {
        while !Task.isCancelled {
          let entry = try await reading.next()
          // Whatever comes from a reading that is to be replaced does not count any more.
          guard self.order == nil else { break }
          received(entry)
        }
      } catch {
        // A reading that was closed for the sake of another has nothing more to say.
        if self.order == nil { ended(error) }
      }
      reading.close()
      self.reading = nil
    }
    lease?.end()
    lease = nil
  }

  // MARK: Orders

  private func give(_ order: Order) {
    self.order = order
    reading?.close()
    waiter?.resume()
    waiter = nil
  }

  private func nextOrder() async -> Order? {
    if order == nil {
      await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          if Task.isCancelled { continuation.resume() } else { waiter = continuation }
        }
      } onCancel: {
        // Unstructured because a cancellation handler cannot wait for the actor.
        Task { await self.wake() }
      }
    }
    defer { order = nil }
    return Task.isCancelled ? nil : order
  }

  private func wake() {
    reading?.close()
    waiter?.resume()
    waiter = nil
  }

  // MARK: Messages

  private func received(_ entry: VideoQueueEntry) {
    let now = clocks.host()
    let message: VideoMessage
    do throws(VideoMessageError) {
      message = try VideoMessage(entry.message)
    } catch {
      metrics.count(.malformed)
      logger.debug("not an access unit of ours", metadata: [.stream: "\(name)", .error: "\(error)"])
      follower.receivedMalformed(at: now)
      return
    }
    let age = clocks.wall().since(message.receivedAt)
    let unit = RemoteStreamFollower.Unit(
      offset: entry.offset, node: message.node, epoch: message.epoch, sequence: message.sequence,
      isKeyFrame: message.isKeyFrame, unitsSinceKeyFrame: message.unitsSinceKeyFrame, age: age)
    let effects = follower.received(unit, at: now)
    apply(effects)
    if effects.publishes, publish(message, at: now) { metrics.countImported(delay: age) }
  }

  private func ended(_ reason: VideoReadingEnd) {
    let metadata: [LogKey: Logger.MetadataValue] = [.stream: "\(name)", .reason: "\(reason)"]
    if case .refused = reason {
      logger.warning("the broker refuses to let a stream's queue be read", metadata: metadata)
    } else {
      logger.debug("reading a stream's queue ended", metadata: metadata)
    }
    follower.ended(reason, at: clocks.host())
  }

  // MARK: Effects

  private func apply(_ effects: RemoteStreamFollower.Effects) {
    switch effects.end {
    case .held: lease?.end()
    case .withdrawn: lease?.withdraw()
    case nil: break
    }
    if effects.end != nil { lease = nil }
    if effects.detach { reading?.close() }
    if let offset = effects.attach { give(.read(offset)) }
    if let turn = effects.begin { begin(turn) }
    if let drop = effects.drop { metrics.count(drop) }
    if let conflict = effects.conflict {
      logger.warning(
        "several servers have a publisher for a stream; the newest is shown",
        metadata: [.stream: "\(name)", .host: "\(conflict.node)"])
    }
  }

  private func begin(_ turn: RemoteStreamFollower.Turn) {
    assembler = AccessUnitAssembler()
    assembler.isAligned = true
    do throws(RelayError) {
      lease = try relay.claim(
        name, peer: "node \(turn.node)", origin: .remote(node: turn.node, epoch: turn.epoch),
        // The next picture, or the next look at who wants the stream, finds out.
        onRevoked: {})
    } catch {
      logger.debug("a remote stream is not wanted", metadata: [.stream: "\(name)", .error: "\(error)"])
      lease = nil
    }
  }

  /// - Returns: whether the readers got it.
  private func publish(_ message: VideoMessage, at now: HostTime) -> Bool {
    let pictures = assembler.frame(message.body, senderMicros: message.senderMicros, now: now).pictures
    guard pictures.count == 1, let picture = pictures.first, picture.isKeyFrame || !message.isKeyFrame else {
      metrics.count(.malformed)
      follower.receivedMalformed(at: now)
      return false
    }
    let given = GivenIdentity(
      capturedAt: message.capturedAt, sequence: message.sequence, trace: message.trace)
    guard let lease, lease.publish(picture, receivedAt: now, given: given) else {
      lease = nil
      apply(follower.refused(at: now))
      return false
    }
    return true
  }
}
