import Synchronization
import NIOCore
import Logging
import Clocks
import CodedMedia
public import MediaModel
public import PhoneProtocol

extension RelayStream {
  /// Takes the publisher's place.
  /// - Returns: what tells the publisher before that it was overridden, to be called outside of any lock.
  func claim(
    id: UInt64, peer: String, origin: PublisherOrigin, isReplay: Bool, overrides: Bool,
    onRevoked: @escaping @Sendable () -> Void
  ) throws(RelayError) -> Revocation? {
    let (since, now) = (clocks.wall(), clocks.host())
    let outcome: Result<Revocation?, RelayError> = state.withLock { state in
      var revoked: Revocation?
      if case .live(let present) = state.phase {
        let mayTakeOver = origin == .local && (overrides || present.publication.isRemote)
        guard mayTakeOver else { return .failure(.alreadyPublished(name, by: present.publication.peer)) }
        revoked = Revocation(isOfRemote: present.publication.isRemote, tell: present.onRevoked)
      }
      let publication = Self.publication(
        by: peer, origin: origin, isReplay: isReplay, since: since, state: &state)
      var claim = Claim(id: id, publication: publication, since: since, onRevoked: onRevoked)
      if isReplay { claim.clock = .ofReplay() }
      state.phase = .live(claim)
      switch origin {
      case .local: noteStart(by: peer, in: &state, at: now)
      // Others are told of the publisher by the server that it is connected to.
      case .remote: noteStop(.publisherLeft, in: &state, at: now)
      }
      return .success(revoked)
    }
    return try outcome.get()
  }

  private static func publication(
    by peer: String, origin: PublisherOrigin, isReplay: Bool, since: WallTime, state: inout State
  ) -> Publication {
    switch origin {
    case .local:
      // Rises even when the clock does not.
      state.lastEpoch = max(state.lastEpoch + 1, UInt64(clamping: since.nanosSince1970))
      return Publication(epoch: state.lastEpoch, peer: peer, isReplay: isReplay)
    case .remote(let node, let epoch):
      return Publication(epoch: epoch, peer: peer, node: node)
    }
  }

  /// A publisher that was overridden.
  struct Revocation {
    /// It is connected to another server.
    var isOfRemote: Bool
    /// Tells it.
    var tell: @Sendable () -> Void
  }

  /// - Parameter isHeld: whether the stream waits for the publisher to come back.
  func release(claim id: UInt64, isHeld: Bool) {
    let now = clocks.host()
    let wasCurrent = state.withLock { state in
      guard case .live(let claim) = state.phase, claim.id == id else { return false }
      state.phase = .held(since: now, after: claim.publication)
      if !isHeld { Self.forget(&state) }
      return true
    }
    guard wasCurrent else { return }
    if isHeld {
      logger.info("publisher left, holding the stream", metadata: ["stream": "\(name)"])
    } else {
      logger.debug("publisher withdrew", metadata: ["stream": "\(name)"])
    }
  }

  /// Takes the stream out of use if it has neither publisher nor readers.
  func retireIfUnused() -> Bool {
    state.withLock { state in
      guard case .idle = state.phase, state.readers.values.allSatisfy({ $0 == 0 }) else { return false }
      state.isRetired = true
      return true
    }
  }

  func addTotals(to totals: inout RelayTotals, now: HostTime) {
    state.withLock { state in
      if case .live(let claim) = state.phase {
        totals.liveStreams += 1
        totals.megabitsPerSecond += claim.bandwidth.latestMegabitsPerSecond
        if let offset = claim.clock.offset, claim.id >= totals.latestClaim {
          totals.latestClaim = claim.id
          totals.publisherClockOffset = offset
        }
      }
      totals.groupCacheBytes += state.cache.bytes
      for (transport, count) in state.readers where transport.isExternal { totals.externalReaders += count }
    }
  }
}

/// What can be said of a stream at one moment.
public struct StreamSnapshot: Sendable {
  public var name: StreamName
  /// A publisher is connected.
  public var isPublished: Bool
  /// Published, or held for a publisher that just went away.
  public var isLive: Bool
  /// Who publishes.
  public var publisher: String?
  /// The server that the publisher is, or just was, connected to, when it is another one.
  public var node: String?
  /// Since when it publishes.
  public var publishedSince: WallTime?
  public var parameterSets: ParameterSets?
  public var framesPerSecond: Double
  public var megabitsPerSecond: Double
  public var keyFrameInterval: Nanoseconds?
  public var framesRelayed: UInt64
  public var bytesRelayed: UInt64
  /// Readers outside of the process.
  public var consumers: Int
  /// Readers by transport.
  public var readers: [ReaderTransport: Int]
  /// Number of the newest unit.
  public var latestSequence: UInt64
  /// The server's wall clock minus the publisher's; `nil` without a publisher that has sent pictures.
  public var publisherClockOffset: CaptureClock.Offset?
  /// The publisher's turn, for as long as there is one.
  public var epoch: UInt64?

  /// Whether the publisher is connected to another server.
  public var isRemote: Bool { node != nil }
}

extension RelayStream {
  /// The stream's figures now.
  public func snapshot() -> StreamSnapshot {
    let now = clocks.host()
    return state.withLock { state in
      let rates = state.statistics.rates(at: now)
      var snapshot = StreamSnapshot(
        name: name, isPublished: false, isLive: false, parameterSets: state.parameterSets,
        framesPerSecond: rates.framesPerSecond, megabitsPerSecond: rates.megabitsPerSecond,
        keyFrameInterval: state.statistics.keyFrameInterval, framesRelayed: state.statistics.units,
        bytesRelayed: state.statistics.bytes,
        consumers: state.readers.reduce(0) { $0 + ($1.key.isExternal ? $1.value : 0) },
        readers: state.readers.filter { $0.value > 0 }, latestSequence: state.lastSequence)
      switch state.phase {
      case .idle: break
      case .held(_, let publication):
        snapshot.isLive = true
        snapshot.node = publication.node
      case .live(let claim):
        snapshot.isLive = true
        snapshot.isPublished = true
        snapshot.publisher = claim.publication.peer
        snapshot.node = claim.publication.node
        snapshot.epoch = claim.publication.epoch
        snapshot.publishedSince = claim.since
        snapshot.publisherClockOffset = claim.clock.offset
      }
      return snapshot
    }
  }

  /// The parameter sets in force, if a publisher has sent any.
  public var parameterSets: ParameterSets? { state.withLock { $0.parameterSets } }

  /// The capture time of the first unit of the stream: one origin for all who count from it.
  public var origin: WallTime? { state.withLock { $0.origin } }

  /// The figures of every reader. Asks each event loop, so it takes as long as the busiest of them.
  public func readerSnapshots() async -> [ReaderSnapshot] {
    let ports = state.withLock { $0.portList }
    var snapshots: [ReaderSnapshot] = []
    for port in ports {
      if let fanout = port as? LoopFanout {
        snapshots += (try? await fanout.eventLoop.submit { fanout.readerSnapshots() }.get()) ?? []
      } else if let reader = port as? UnitReader {
        snapshots.append(reader.snapshot())
      }
    }
    return snapshots
  }
}
