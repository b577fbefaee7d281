import MediaModel

// When servers are asked, and which of them is believed.
extension SNTPClient {
  /// Whether a server's tier is asked: no server of a lower one answers.
  func isAsked(_ server: Int) -> Bool {
    let tier = peers[server].tier
    return peers.allSatisfy { $0.tier >= tier || $0.isLost }
  }

  mutating func succeed(_ server: Int, with sample: TimeSample, at now: HostTime, into effects: inout Effects) {
    peers[server].filter.add(sample)
    peers[server].reach = peers[server].reach << 1 | 1
    peers[server].failures = 0
    peers[server].hasOutcome = true
    peers[server].retryInterval = parameters.shortestInterval
    effects.answered = server
    if server == selected { steady() }
    rest(server, sample.epoch, at: now)
  }

  mutating func fail(_ server: Int, _ failure: Failure, at now: HostTime, into effects: inout Effects) {
    effects.failures.append(Failed(server: server, failure: failure))
    peers[server].reach <<= 1
    peers[server].failures += 1
    peers[server].hasOutcome = true
    switch failure {
    case .reply(.kissOfDeath(.deny)), .reply(.kissOfDeath(.restrict)):
      peers[server].phase = .retired
      return
    case .reply(.kissOfDeath(.rate)):
      // RFC 5905 §7.4: the interval grows, and there is no burst any more.
      let doubled = Nanoseconds(2 * max(interval(of: server), .seconds(32)).value)
      peers[server].shortestInterval = min(parameters.longestInterval, doubled)
      peers[server].burstLeft = 0
    case .timeout, .unresolved, .unreachable, .reply: break
    }
    guard peers[server].isLost else { return rest(server, 0, at: now) }
    // It does not answer: ask less and less.
    peers[server].burstLeft = 0
    let wait = max(peers[server].retryInterval, peers[server].shortestInterval)
    peers[server].retryInterval = min(parameters.longestInterval, Nanoseconds(2 * wait.value))
    peers[server].phase = .resting(until: now.advanced(by: wait))
  }

  /// Rests until the next poll.
  /// - Parameter noise: any number that differs from host to host, so that hosts started together do not stay together.
  private mutating func rest(_ server: Int, _ noise: Int64, at now: HostTime) {
    var wait = interval(of: server)
    if peers[server].burstLeft > 0 {
      peers[server].burstLeft -= 1
      wait = parameters.burstInterval
    } else {
      wait.value -= Int64(noise.magnitude % UInt64(max(1, wait.value / 16)))
    }
    peers[server].phase = .resting(until: now.advanced(by: wait))
  }

  /// Another answer of the server we follow: after some of them the interval grows.
  private mutating func steady() {
    steadyCount += 1
    guard steadyCount >= 4 else { return }
    steadyCount = 0
    interval = min(parameters.longestInterval, Nanoseconds(2 * interval.value))
  }

  /// Decides whom to follow, and takes its best sample if that is new.
  mutating func select(at now: HostTime, into effects: inout Effects) {
    let candidates = candidates(at: now)
    let claims = candidates.map { server, best in
      let age = Double(now.since(best.sample.at).value)
      return ServerSelection.Candidate(
        epoch: best.sample.epoch &+ Int64(estimator.frequency * age), distance: best.distance)
    }
    let truechimers = ServerSelection.truechimers(claims).map { candidates[$0] }
    isDisputed = truechimers.isEmpty && !candidates.isEmpty
    guard estimator.estimate != nil || isSettled(truechimers: truechimers.count, at: now),
      let nearest = truechimers.min(by: { $0.best.distance < $1.best.distance })
    else { return }
    // Servers differ a little, so changing between them needs a reason.
    let present = truechimers.first { $0.server == selected }
    let chosen = present.map { 2 * nearest.best.distance.value < $0.best.distance.value ? nearest : $0 } ?? nearest
    selected = chosen.server
    if let lastJudged, chosen.best.sample.at <= lastJudged { return }
    lastJudged = chosen.best.sample.at
    switch estimator.take(chosen.best) {
    case .started, .updated(isExpected: true): break
    case .updated(isExpected: false):
      steadyCount = 0
      interval = max(parameters.shortestInterval, Nanoseconds(interval.value / 2))
    case .spike:
      steadyCount = 0
      return
    }
    effects.estimate = estimator.estimate
  }

  /// The first estimate may step the clock, so it should not come from whoever answers first.
  private func isSettled(truechimers: Int, at now: HostTime) -> Bool {
    let asked = peers.indices.filter(isAsked)
    if truechimers >= 3, 2 * truechimers > asked.count { return true }
    return asked.allSatisfy { server in
      let peer = peers[server]
      return peer.hasOutcome || peer.firstAskedAt.map { now.since($0) >= parameters.settling } ?? false
    }
  }

  /// The servers that may be believed: those that answer, of the lowest tier that has one.
  private func candidates(at now: HostTime) -> [(server: Int, best: MinimumDelayFilter.Best)] {
    let usable = peers.indices.compactMap { server -> (server: Int, best: MinimumDelayFilter.Best)? in
      guard !peers[server].isLost,
        let best = peers[server].filter.best(at: now, frequency: estimator.frequency),
        best.distance < TimeSample.rootDistanceLimit
      else { return nil }
      return (server, best)
    }
    guard let tier = usable.map({ peers[$0.server].tier }).min() else { return [] }
    return usable.filter { peers[$0.server].tier == tier }
  }
}
