import CoreMetrics
public import Clocks
import CodedMedia
public import Logging
public import MediaModel
public import Observability
import PhoneProtocol
import Synchronization

/// Hands each access unit of each stream to all of its readers, without copying it and without waiting for anyone.
///
/// Thread-safe. Somebody has to call `tick()` a few times a second: streams end and gauges are set there.
public final class Relay: Sendable {
  private struct State {
    var streams: [StreamName: RelayStream] = [:]
    var lastClaimID: UInt64 = 0
    var isShutDown = false
    var localPublisherObservers: [@Sendable (RelayStream) -> Void] = []
  }

  public let configuration: RelayConfiguration
  public let clocks: SystemClocks
  private let metrics = RelayMetrics()
  private let tracing: FrameTracing
  private let events: EventOutlet<RelayEvent>
  private let readerIDs = ReaderIDs()
  private let logger: Logger
  private let state = Mutex(State())

  /// - Parameters:
  ///   - tracing: chooses frames to follow.
  ///   - onEvent: is told what comes and goes, in order, on any thread; it must not block.
  public init(
    configuration: RelayConfiguration = .init(), clocks: SystemClocks = .system, tracing: FrameTracing = .off,
    logger: Logger, onEvent: (@Sendable (RelayEvent) -> Void)? = nil
  ) {
    self.configuration = configuration
    self.clocks = clocks
    self.tracing = tracing
    self.logger = logger
    events = EventOutlet(onEvent)
  }

  /// The stream of that name, made if there is none: readers may come before the publisher.
  public func stream(_ name: StreamName) throws(RelayError) -> RelayStream {
    let found: Result<RelayStream, RelayError> = state.withLock { state in
      do throws(RelayError) {
        return .success(try findOrMake(name, in: &state))
      } catch {
        return .failure(error)
      }
    }
    return try found.get()
  }

  private func findOrMake(_ name: StreamName, in state: inout State) throws(RelayError) -> RelayStream {
    if state.isShutDown { throw .shutdown }
    if let present = state.streams[name] { return present }
    if state.streams.count >= configuration.streams {
      // Streams that nobody uses give way.
      guard let idle = state.streams.values.first(where: { $0.retireIfUnused() }) else {
        throw .tooManyStreams(limit: configuration.streams)
      }
      state.streams[idle.name] = nil
    }
    let stream = RelayStream(
      name: name, configuration: configuration, clocks: clocks, metrics: metrics, readerIDs: readerIDs,
      tracing: tracing, events: events, logger: logger)
    state.streams[name] = stream
    return stream
  }

  /// The stream of that name, if there is one.
  public func existingStream(_ name: StreamName) -> RelayStream? { state.withLock { $0.streams[name] } }

  /// All streams, by name.
  public func streams() -> [RelayStream] {
    state.withLock { Array($0.streams.values) }.sorted { $0.name < $1.name }
  }

  /// Makes the caller the publisher of a stream.
  /// - Parameters:
  ///   - peer: who publishes, for logs and for the message that others get.
  ///   - origin: where the publisher is connected. One of another server always gives way to one of this server, and
  ///     never takes over.
  ///   - isReplay: whether it sends a recording once more: its times stand as they are.
  ///   - onRevoked: another publisher took the stream over. Called once at most, on any thread.
  /// - Throws: ``RelayError/alreadyPublished(_:by:)`` when there is a publisher that must not be overridden.
  public func claim(
    _ name: StreamName, peer: String, origin: PublisherOrigin = .local, isReplay: Bool = false,
    onRevoked: @escaping @Sendable () -> Void
  ) throws(RelayError) -> PublisherLease {
    // Under the registry's lock, so that the stream is not retired between its look-up and the claim.
    let outcome: Result<(RelayStream, UInt64, RelayStream.Revocation?), RelayError> = state.withLock { state in
      do throws(RelayError) {
        state.lastClaimID += 1
        let stream = try findOrMake(name, in: &state)
        let revoked = try stream.claim(
          id: state.lastClaimID, peer: peer, origin: origin, isReplay: isReplay,
          overrides: configuration.overridesPublisher, onRevoked: onRevoked)
        return .success((stream, state.lastClaimID, revoked))
      } catch {
        return .failure(error)
      }
    }
    let (stream, id, revoked) = try outcome.get()
    events.deliver()
    logger.info("publisher connected", metadata: ["stream": "\(name)", "peer": "\(peer)"])
    if let revoked {
      if !revoked.isOfRemote { metrics.publisherTakeovers.increment() }
      revoked.tell()
    }
    if origin == .local {
      for observer in state.withLock({ $0.localPublisherObservers }) { observer(stream) }
    }
    return PublisherLease(stream: stream, claimID: id)
  }

  /// Has `body` called whenever a publisher connects to this server, before its first picture: a reader that joins there
  /// misses nothing. It is called on the publisher's thread, so it must not wait.
  public func onLocalPublisher(_ body: @escaping @Sendable (RelayStream) -> Void) {
    state.withLock { $0.localPublisherObservers.append(body) }
  }

  /// Ends streams whose grace period is over and sets the gauges. Call it a few times a second.
  public func tick() {
    let now = clocks.host()
    var totals = RelayTotals()
    for stream in streams() {
      if stream.endHoldIfDue(grace: configuration.publisherGrace, now: now) {
        logger.info("stream ended", metadata: ["stream": "\(stream.name)"])
        stream.endReaders(.streamEnded)
        events.deliver()
      }
      stream.addTotals(to: &totals, now: now)
    }
    metrics.streamsLive.record(totals.liveStreams)
    metrics.consumersConnected.record(totals.externalReaders)
    metrics.bandwidth.record(totals.megabitsPerSecond)
    metrics.groupCacheBytes.record(totals.groupCacheBytes)
    if let offset = totals.publisherClockOffset {
      metrics.publisherClockOffset.record(offset.value.seconds)
      metrics.publisherClockOffsetSpread.record(offset.spread.seconds)
    }
  }

  /// Ticks until the task is cancelled.
  public func run() async {
    while !Task.isCancelled {
      tick()
      await recordQueueSizes()
      try? await Task.sleep(for: .milliseconds(250))
    }
  }

  private func recordQueueSizes() async {
    var sizes: [Int] = []
    for stream in streams() {
      for reader in await stream.readerSnapshots() where reader.transport.isExternal {
        sizes.append(reader.queuedUnits)
      }
    }
    metrics.consumerQueueSize.record(sizes.isEmpty ? 0 : Double(sizes.reduce(0, +)) / Double(sizes.count))
  }

  /// Takes no more publishers and ends all readers.
  public func shutdown() {
    state.withLock { $0.isShutDown = true }
    for stream in streams() {
      stream.endReaders(.shutdown)
      stream.noteShutdown(at: clocks.host())
    }
    events.deliver()
  }
}

/// What a publisher holds while it publishes.
public final class PublisherLease: Sendable {
  /// The stream that is published.
  public let stream: RelayStream
  private let claimID: UInt64

  init(stream: RelayStream, claimID: UInt64) {
    self.stream = stream
    self.claimID = claimID
  }

  /// Hands a picture to all readers. Never waits. Calls must not overlap.
  /// - Parameters:
  ///   - firstReceivedAt: when its first byte came in; `nil`: at once with the last one.
  ///   - receivedAt: when its last byte came in.
  ///   - given: what another server knows of it already; `nil`: it is numbered and timed here.
  /// - Returns: `false` when another publisher has taken the stream over.
  @discardableResult
  public func publish(
    _ picture: CodedPicture, firstReceivedAt: HostTime? = nil, receivedAt: HostTime, given: GivenIdentity? = nil
  ) -> Bool {
    stream.publish(picture, claim: claimID, firstReceivedAt: firstReceivedAt, receivedAt: receivedAt, given: given)
  }

  /// The publisher makes key frames on request.
  /// - Parameter ask: asks it; called on any thread, and must not wait.
  public func acceptKeyFrameRequests(_ ask: @escaping @Sendable () -> Void) {
    stream.acceptKeyFrameRequests(claim: claimID, ask)
  }

  /// The publisher goes away; the stream is held for the grace period. Idempotent.
  public func end() { stream.release(claim: claimID, isHeld: true) }

  /// The publisher goes away and nobody waits for it: the stream is not held. Readers stay. Idempotent.
  public func withdraw() { stream.release(claim: claimID, isHeld: false) }
}

/// Where a publisher is connected.
public enum PublisherOrigin: Hashable, Sendable {
  /// To this server.
  case local
  /// To the server `node`, where its turn has this epoch.
  case remote(node: String, epoch: UInt64)
}

/// What another server knows of an access unit.
public struct GivenIdentity: Hashable, Sendable {
  /// Capture time on the clock that all servers follow.
  public var capturedAt: WallTime
  /// Its number there. Kept if it is above the latest number here.
  public var sequence: UInt64
  /// Its trace there; `nil`: it is not traced here either.
  public var trace: TraceContext?

  public init(capturedAt: WallTime, sequence: UInt64, trace: TraceContext? = nil) {
    self.trace = trace
    self.capturedAt = capturedAt
    self.sequence = sequence
  }
}

/// Numbers readers.
final class ReaderIDs: Sendable {
  private let last = Atomic<UInt64>(0)

  func next() -> UInt64 { last.add(1, ordering: .relaxed).newValue }
}

/// Sums over all streams, for the gauges.
struct RelayTotals {
  var liveStreams = 0
  var externalReaders = 0
  var megabitsPerSecond = 0.0
  var groupCacheBytes = 0
  /// Of the publisher that connected last.
  var publisherClockOffset: CaptureClock.Offset?
  var latestClaim: UInt64 = 0
}
