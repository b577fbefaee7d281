import CoreMetrics
import Clocks
import CodedMedia
import H264
import Logging
public import MediaModel
import NIOCore
import Observability
import PhoneProtocol
import Synchronization

/// A named live video: one publisher at most, any number of readers.
///
/// It outlives its publisher by the grace period, and it exists before one comes when readers wait for it.
public final class RelayStream: Sendable {
  /// Where a stream stands. From any state it goes to `live` when a publisher claims it.
  enum Phase {
    /// No publisher, nothing cached. Readers may wait.
    case idle
    /// A publisher has the claim.
    case live(Claim)
    /// The publisher went away. Goes to `idle` after the grace period, and its readers then end.
    case held(since: HostTime, after: Publication)
  }

  struct Claim {
    var id: UInt64
    var publication: Publication
    var since: WallTime
    var onRevoked: @Sendable () -> Void
    /// Readers that follow the stream cannot decode what comes before the new publisher's first key frame.
    var awaitsKeyFrame = true
    var clock = CaptureClock()
    var timeline: DecodeTimeline?
    var bandwidth = BandwidthMonitor()
    /// Asks the publisher for a key frame; `nil`: it makes none on request.
    var askForKeyFrame: (@Sendable () -> Void)?
    var askedForKeyFrameAt: HostTime?
  }

  struct State {
    var phase = Phase.idle
    var lastSequence: UInt64 = 0
    var lastEpoch: UInt64 = 0
    var cache: GroupCache
    var statistics = StreamStatistics()
    var parameterSets: ParameterSets?
    var ports: [ObjectIdentifier: any ReaderPort] = [:]
    /// The values of `ports`, so that publishing does not walk a dictionary.
    var portList: [any ReaderPort] = []
    var readers: [ReaderTransport: Int] = [:]
    /// Capture time of the first unit ever: where the timeline of movie fragments begins.
    var origin: WallTime?
    var isRetired = false
    /// Since when it is live or held, as others were told.
    var startedAt: HostTime?
  }

  public let name: StreamName
  let clocks: SystemClocks
  let metrics: RelayMetrics
  let logger: Logger
  let events: EventOutlet<RelayEvent>
  private let tracing: FrameTracing
  private let readerIDs: ReaderIDs
  let state: Mutex<State>

  init(
    name: StreamName, configuration: RelayConfiguration, clocks: SystemClocks, metrics: RelayMetrics,
    readerIDs: ReaderIDs, tracing: FrameTracing, events: EventOutlet<RelayEvent>, logger: Logger
  ) {
    self.tracing = tracing
    self.events = events
    self.name = name
    self.clocks = clocks
    self.metrics = metrics
    self.readerIDs = readerIDs
    self.logger = logger
    state = Mutex(State(cache: GroupCache(byteLimit: configuration.groupCacheBytes)))
  }

  // MARK: Publishing

  /// Numbers the picture, stores it once and hands it to every reader.
  /// - Returns: `false` when `claim` is not the stream's current claim any more.
  func publish(
    _ picture: CodedPicture, claim id: UInt64, firstReceivedAt: HostTime?, receivedAt: HostTime,
    given: GivenIdentity? = nil
  ) -> Bool {
    // A span that is never ended, as that of a picture that nobody gets, is never told.
    let began = firstReceivedAt ?? receivedAt
    // A frame of another server was chosen there, or not.
    let span =
      if let given { tracing.begin(.ingest, in: given.trace, at: began) } else { tracing.beginFrame(at: began) }
    let (stored, message) = UnitMessages.storingAsMessage(picture)
    let reading = clocks.reading()
    let accepted: (unit: AccessUnit, ports: [any ReaderPort], advises: Bool, jumped: Bool)?
    var isCurrent = false
    accepted = state.withLock { state in
      guard case .live(var claim) = state.phase, claim.id == id else { return nil }
      isCurrent = true
      guard picture.isKeyFrame || !claim.awaitsKeyFrame else { return nil }
      claim.awaitsKeyFrame = false
      // Lets go of the other reference, so that the arrays in `claim` are changed in place.
      state.phase = .idle
      let jumpsBefore = claim.clock.discontinuities
      let (unit, advises) = Self.makeUnit(
        stored, message: message, given: given, state: &state, claim: &claim, receivedAt: receivedAt, reading: reading,
        trace: span?.context)
      let jumped = claim.clock.discontinuities != jumpsBefore
      state.phase = .live(claim)
      return (unit, state.portList, advises, jumped)
    }
    guard let accepted else {
      if isCurrent { metrics.framesBeforeKeyFrame.increment() }
      return isCurrent
    }
    metrics.recordRelayed(bytes: accepted.unit.bytes.readableBytes)
    for port in accepted.ports { port.deliver(accepted.unit) }
    if let span { end(span, of: accepted.unit) }
    if accepted.jumped { metrics.clockDiscontinuities.increment() }
    if accepted.advises {
      logger.warning(
        "bandwidth of the publisher stays under 3 Mb/s: a lower bitrate at the sender would avoid stalls",
        metadata: ["stream": "\(name)"])
    }
    return true
  }

  private static func makeUnit(
    _ picture: CodedPicture, message: ByteBuffer, given: GivenIdentity?, state: inout State, claim: inout Claim,
    receivedAt: HostTime, reading: ClockReading, trace: TraceContext?
  ) -> (AccessUnit, advises: Bool) {
    let receivedWall = reading.wall(at: receivedAt)
    let captured =
      given?.capturedAt
      ?? claim.clock.capturedAt(senderMicros: picture.senderMicros, receivedAt: receivedAt, wallNow: receivedWall)
    // Whole microseconds, the ticks of MP4 and of senders: times that differ by less would be equal there.
    let micros = captured.nanosSince1970 / 1_000
    let capturedAt = WallTime(nanosSince1970: micros * 1_000)
    if state.parameterSets !== picture.parameterSets || claim.timeline == nil {
      state.parameterSets = picture.parameterSets
      claim.timeline = DecodeTimeline(
        reorderDepth: picture.parameterSets.reorderDepth, pictureDuration: 33_333)
    }
    let decodeMicros = claim.timeline?.next(presentation: micros)
    state.lastSequence = max(state.lastSequence + 1, given?.sequence ?? 0)
    if state.origin == nil { state.origin = capturedAt }
    let unit = AccessUnit(
      picture: picture, sequence: state.lastSequence, capturedAt: capturedAt,
      decodeAt: decodeMicros.map { WallTime(nanosSince1970: $0 * 1_000) } ?? capturedAt, receivedAt: receivedAt,
      receivedWall: receivedWall, networkTimeOffset: reading.networkTimeOffset,
      publication: claim.publication,
      representations: UnitRepresentations(annexBMessage: message), trace: trace)
    state.cache.append(unit)
    state.statistics.add(unit)
    let advises = claim.bandwidth.add(bytes: unit.bytes.readableBytes, at: receivedAt)
    return (unit, advises)
  }

  private func end(_ span: FrameSpan, of unit: AccessUnit) {
    span.set(.stream, name.text)
    span.describe(sequence: unit.sequence, isKeyFrame: unit.isKeyFrame, bytes: unit.bytes.readableBytes)
    span.end()
  }

  /// Time from the capture of `unit` to `now`, never negative. Reads no clock: what the unit knows of the wall clock is
  /// that of its arrival, and the rest is host time.
  func age(of unit: AccessUnit, at now: HostTime) -> Nanoseconds {
    max(.zero, Nanoseconds(now.since(unit.receivedAt).value + unit.receivedWall.since(unit.capturedAt).value))
  }

  // MARK: Readers

  /// A reader for a task. It has joined when this returns: nothing published afterwards escapes it.
  public func reader(_ options: ReaderOptions) -> UnitReader {
    let reader = UnitReader(stream: self, options: options)
    let snapshot = state.withLock { state in
      if !state.isRetired {
        state.ports[ObjectIdentifier(reader)] = reader
        state.portList.append(reader)
        state.readers[options.transport, default: 0] += 1
        noteJoin(reader.identity, options)
      }
      let snapshot = Self.joinSnapshot(of: state)
      // Under the lock, so that no unit is delivered before the group it belongs to.
      reader.start(with: snapshot)
      return snapshot
    }
    events.deliver()
    if snapshot.end == nil { logJoin(options) }
    return reader
  }

  func join(
    on eventLoop: any EventLoop, as reader: ReaderIdentity, _ options: ReaderOptions
  ) -> (LoopFanout, JoinSnapshot) {
    defer { events.deliver() }
    return state.withLock { state in
      let key = ObjectIdentifier(eventLoop)
      state.readers[options.transport, default: 0] += 1
      noteJoin(reader, options)
      if let present = state.ports[key] as? LoopFanout { return (present, Self.joinSnapshot(of: state)) }
      let fanout = LoopFanout(eventLoop: eventLoop, now: clocks.host)
      state.ports[key] = fanout
      state.portList.append(fanout)
      return (fanout, Self.joinSnapshot(of: state))
    }
  }

  func leave(port: ObjectIdentifier, as reader: ReaderIdentity, _ options: ReaderOptions, _ stop: ReaderStop) {
    state.withLock { state in
      guard let port = state.ports.removeValue(forKey: port) else { return }
      state.portList.removeAll { $0 === port }
      state.readers[options.transport, default: 0] -= 1
      noteLeave(reader, options, stop)
    }
    events.deliver()
  }

  func left(as reader: ReaderIdentity, _ options: ReaderOptions, _ stop: ReaderStop) {
    state.withLock { state in
      state.readers[options.transport, default: 0] -= 1
      noteLeave(reader, options, stop)
    }
    events.deliver()
  }

  func nextReaderID() -> UInt64 { readerIDs.next() }

  private static func joinSnapshot(of state: State) -> JoinSnapshot {
    JoinSnapshot(
      group: state.cache.units, latestSequence: state.lastSequence, end: state.isRetired ? .streamEnded : nil)
  }

  private func logJoin(_ options: ReaderOptions) {
    logger.debug(
      "reader joined",
      metadata: [
        "stream": "\(name)", "transport": "\(options.transport.rawValue)", "policy": "\(options.policy.rawValue)",
      ])
  }

  /// Units that wait for the slowest service of this process: what a replay looks at to wait for it.
  public var unitsForServices: Int {
    let ports = state.withLock { $0.portList }
    return ports.reduce(0) { most, port in
      guard let reader = port as? UnitReader, [.consumer, .recorder].contains(reader.options.transport) else {
        return most
      }
      return max(most, reader.backlog.units)
    }
  }

  // MARK: Ends

  /// Ends every reader. Ports of event loops stay: readers may join again.
  func endReaders(_ reason: ReaderEnd) {
    let ports = state.withLock { $0.portList }
    for port in ports { port.end(reason) }
  }

  /// Ends the hold when its time is over.
  /// - Returns: whether the stream just ended.
  func endHoldIfDue(grace: Nanoseconds, now: HostTime) -> Bool {
    state.withLock { state in
      guard case .held(let since, _) = state.phase, now.since(since) >= grace else { return false }
      noteStop(.publisherLeft, in: &state, at: now)
      Self.forget(&state)
      return true
    }
  }

  /// Nothing is left of the publisher that there was.
  static func forget(_ state: inout State) {
    state.phase = .idle
    state.cache.clear()
    state.parameterSets = nil
    state.statistics = StreamStatistics()
  }
}
