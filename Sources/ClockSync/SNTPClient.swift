public import MediaModel

/// Asks time servers and makes an estimate of network time out of their answers, without doing any I/O.
///
/// Tell it what happens and when; do what the effects say. Servers have tiers: those of a higher one are asked only
/// while none of the lower answers, as for servers that the operator named and the public ones.
public struct SNTPClient: Sendable {
  /// When to ask; the defaults are those of well-behaved clients (RFC 4330 §10).
  public struct Parameters: Hashable, Sendable {
    /// The first exchanges with a server follow each other more closely.
    public var burst = 4
    public var burstInterval = Nanoseconds.seconds(2)
    public var shortestInterval = Nanoseconds.seconds(16)
    public var longestInterval = Nanoseconds.seconds(1_024)
    /// From the request to its answer.
    public var replyLimit = Nanoseconds.seconds(2)
    /// From asking for a request to having an address to send it to.
    public var resolveLimit = Nanoseconds.seconds(10)
    /// The first estimate waits no longer than this for each server that is asked.
    public var settling = Nanoseconds.seconds(4)

    public init() {}
  }

  /// Why an exchange brought no sample.
  public enum Failure: Hashable, Sendable {
    /// No answer in time.
    case timeout
    /// The name has no address.
    case unresolved
    /// The network refused to carry the request, or nothing listens there.
    case unreachable
    /// The server answered something that tells no time.
    case reply(SNTPError)
  }

  /// The end of an exchange without a sample.
  public struct Failed: Hashable, Sendable {
    public var server: Int
    public var failure: Failure
  }

  /// What is to be done, and what came out.
  public struct Effects: Hashable, Sendable {
    /// Servers to ask now: call ``request(to:cookie:at:)`` once the address is known, or ``failed(_:_:at:)``.
    public var polls: [Int] = []
    /// Exchanges that ended without a sample; what is open for them can be closed. At most one a server.
    public var failures: [Failed] = []
    /// The server whose exchange ended with a sample.
    public var answered: Int?
    /// Something that came in and was no answer; the exchange goes on.
    public var ignored: SNTPError?
    /// A new estimate to steer by.
    public var estimate: ClockEstimate?
    /// When to call ``deadlineReached(at:)``; `nil` when all servers refused for good.
    public var deadline: HostTime?
  }

  /// Where the estimate comes from.
  public struct Source: Hashable, Sendable {
    public var server: Int
    public var stratum: UInt8
    /// Round trip of the best sample.
    public var delay: Nanoseconds
    /// Error bound of the server's clock without delays, and ours on top, which grows with the age of the sample.
    public var dispersion: Nanoseconds
    /// Error bound over all.
    public var distance: Nanoseconds
  }

  struct Peer {
    enum Phase {
      /// Goes to `asked` at that time, if its tier is asked.
      case resting(until: HostTime)
      /// A request is to be sent. Goes to `waiting` or, when it cannot be sent, to `resting`.
      case asked(since: HostTime)
      /// A request is on its way. Goes to `resting` or `retired`.
      case waiting(cookie: UInt64, sentAt: HostTime)
      /// The server does not want to be asked any more.
      case retired
    }

    var tier: Int
    var phase: Phase
    var filter = MinimumDelayFilter()
    var burstLeft: Int
    /// The shortest that the server puts up with.
    var shortestInterval: Nanoseconds
    var retryInterval: Nanoseconds
    /// The last eight polls, the latest in bit 0 (RFC 5905 §13).
    var reach: UInt8 = 0
    var failures = 0
    /// When the first request was due.
    var firstAskedAt: HostTime?
    var hasOutcome = false

    /// It does not answer, and others have to.
    var isLost: Bool {
      if case .retired = phase { return true }
      return reach == 0 ? failures >= 2 : failures >= 4
    }
  }

  let parameters: Parameters
  var peers: [Peer]
  var estimator = ClockEstimator()
  /// A wall time within 68 years of the real one, which tells the era of timestamps.
  private var pivot: WallTime
  /// The interval between polls, as far as a server does not want a longer one.
  var interval: Nanoseconds
  /// Expected answers in a row at this interval.
  var steadyCount = 0
  /// The server that the estimate follows.
  var selected: Int?
  /// When the sample came that was judged last; only newer ones are news.
  var lastJudged: HostTime?
  /// Servers answer, but no majority of them agrees.
  public internal(set) var isDisputed = false

  /// - Parameters:
  ///   - tiers: for each server its tier.
  ///   - systemWall: the clock of the system, which has to be right to 68 years.
  public init(tiers: [Int], parameters: Parameters = Parameters(), startedAt now: HostTime, systemWall: WallTime) {
    self.parameters = parameters
    peers = tiers.map { tier in
      Peer(
        tier: tier, phase: .resting(until: now), burstLeft: parameters.burst - 1,
        shortestInterval: parameters.shortestInterval, retryInterval: parameters.shortestInterval)
    }
    interval = parameters.shortestInterval
    // A host without a clock starts in 1970; this software is younger than that.
    pivot = max(systemWall, WallTime(nanosSince1970: 1_767_225_600_000_000_000))
  }

  // MARK: State

  /// The estimate in force; `nil` as long as no server has told the time.
  public var estimate: ClockEstimate? { estimator.estimate }

  /// Whether servers have told the time and at least one still does.
  public var isSynchronised: Bool {
    guard estimator.estimate != nil, let selected else { return false }
    return !peers[selected].isLost
  }

  /// Whether every server that may be asked has failed to answer.
  public var isWithoutServers: Bool { peers.allSatisfy(\.isLost) }

  /// The last eight polls of a server, the latest in bit 0; 1 is an answer.
  public func reach(of server: Int) -> UInt8 { peers[server].reach }

  /// Whether a server asked not to be asked again.
  public func isRetired(_ server: Int) -> Bool {
    if case .retired = peers[server].phase { return true }
    return false
  }

  /// Time between polls of a server that answers.
  public func interval(of server: Int) -> Nanoseconds { max(interval, peers[server].shortestInterval) }

  /// Where the estimate comes from; `nil` before there is one.
  public func source(at now: HostTime) -> Source? {
    guard let selected, let best = peers[selected].filter.best(at: now, frequency: estimator.frequency) else {
      return nil
    }
    return Source(
      server: selected, stratum: best.sample.stratum, delay: best.sample.delay,
      dispersion: Nanoseconds(best.sample.rootDispersion.value + best.dispersion.value), distance: best.distance)
  }

  // MARK: Events

  /// Time has come to the deadline of earlier effects, or the client starts.
  public mutating func deadlineReached(at now: HostTime) -> Effects {
    var effects = Effects()
    for server in peers.indices {
      switch peers[server].phase {
      case .asked(let since) where now.since(since) >= parameters.resolveLimit:
        fail(server, .unresolved, at: now, into: &effects)
      case .waiting(_, let sentAt) where now.since(sentAt) >= parameters.replyLimit:
        fail(server, .timeout, at: now, into: &effects)
      case .asked, .waiting, .resting, .retired: break
      }
    }
    return finish(effects, at: now)
  }

  /// The request to send to a server of ``Effects/polls``, at this moment.
  /// - Parameters:
  ///   - cookie: random and not zero: what the answer is recognised by.
  /// - Returns: the datagram, or `nil` when the server is not to be asked any more.
  public mutating func request(to server: Int, cookie: UInt64, at now: HostTime) -> [UInt8]? {
    guard case .asked = peers[server].phase else { return nil }
    peers[server].phase = .waiting(cookie: cookie, sentAt: now)
    return SNTPPacket.request(cookie: cookie).bytes
  }

  /// The request could not be sent.
  public mutating func failed(_ server: Int, _ failure: Failure, at now: HostTime) -> Effects {
    var effects = Effects()
    switch peers[server].phase {
    case .asked, .waiting: fail(server, failure, at: now, into: &effects)
    case .resting, .retired: break
    }
    return finish(effects, at: now)
  }

  /// The name of a server led to another address, so that earlier samples are not of this one.
  public mutating func addressChanged(of server: Int) { peers[server].filter.clear() }

  /// A datagram came from a server.
  public mutating func received(_ bytes: [UInt8], from server: Int, at now: HostTime) -> Effects {
    var effects = Effects()
    guard case .waiting(let cookie, let sentAt) = peers[server].phase else {
      effects.ignored = .unmatched
      return finish(effects, at: now)
    }
    do throws(SNTPError) {
      let pivot = estimate.map { max(self.pivot, $0.wall(at: now)) } ?? pivot
      let sample = try TimeSample(reply: bytes, cookie: cookie, sentAt: sentAt, receivedAt: now, pivot: pivot)
      succeed(server, with: sample, at: now, into: &effects)
    } catch {
      switch error {
      // Anybody can send these; the true answer may still come.
      case .short, .notAReply, .unmatched: effects.ignored = error
      case .kissOfDeath, .unsynchronised, .zeroTimestamp, .distant, .implausible:
        fail(server, .reply(error), at: now, into: &effects)
      }
    }
    return finish(effects, at: now)
  }

  private mutating func finish(_ effects: Effects, at now: HostTime) -> Effects {
    var effects = effects
    select(at: now, into: &effects)
    for server in peers.indices where isAsked(server) {
      guard case .resting(let until) = peers[server].phase, until <= now else { continue }
      peers[server].phase = .asked(since: now)
      peers[server].firstAskedAt = peers[server].firstAskedAt ?? now
      effects.polls.append(server)
    }
    effects.deadline = deadline(after: now)
    return effects
  }

  private func deadline(after now: HostTime) -> HostTime? {
    var times = peers.indices.compactMap { server -> HostTime? in
      switch peers[server].phase {
      case .resting(let until): isAsked(server) ? until : nil
      case .asked(let since): deadline(ofAskedSince: since, after: now)
      case .waiting(_, let sentAt): sentAt.advanced(by: parameters.replyLimit)
      case .retired: nil
      }
    }
    if estimator.estimate == nil {
      times += peers.compactMap { $0.firstAskedAt?.advanced(by: parameters.settling) }.filter { $0 > now }
    }
    return times.min()
  }

  /// The request goes out between two events, and its answer is due sooner than an address.
  private func deadline(ofAskedSince since: HostTime, after now: HostTime) -> HostTime {
    let reply = since.advanced(by: parameters.replyLimit)
    return reply > now ? reply : since.advanced(by: parameters.resolveLimit)
  }
}
