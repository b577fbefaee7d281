import ClockSync
import MediaModel
import TestSupport

/// A time server in a simulation.
struct SimulatedServer {
  /// What its clock is ahead of the truth.
  var error = Nanoseconds.zero
  /// One way each, milliseconds.
  var outbound: ClosedRange<Double> = 5...5
  var inbound: ClosedRange<Double> = 5...5
  /// The part of all exchanges that gets lost.
  var loss = 0.0
  var isSilent = false
  /// Instead of the time; four characters.
  var kiss: String?
  /// Changes an answer before it goes out.
  var distort: (@Sendable (inout SNTPPacket) -> Void)?
  /// Datagrams that somebody else sends before the answer.
  var forged: [[UInt8]] = []
  var requests = 0
}

/// A client, its clock and its servers in virtual time: every event in order, no waiting.
struct SimulatedNetwork {
  /// 2026-07-01.
  static let start = WallTime(nanosSince1970: 1_782_864_000_000_000_000)

  private struct Arrival {
    var time: Int64
    var server: Int
    var bytes: [UInt8]
  }

  var client: SNTPClient
  var clock: DisciplinedClock
  var servers: [SimulatedServer]
  /// What the host's clock is fast.
  let driftPPM: Double
  private let startWall: WallTime
  private var generator: SeededGenerator
  /// In order of time.
  private var queue: [Arrival] = []
  private var deadline: HostTime?
  /// True time since the start, nanoseconds.
  private(set) var now: Int64 = 0
  private(set) var failures: [SNTPClient.Failed] = []
  private(set) var ignored: [SNTPError] = []
  private(set) var lastReading = WallTime(nanosSince1970: .min)
  private(set) var stepsBack = 0

  init(
    _ servers: [SimulatedServer], tiers: [Int]? = nil, driftPPM: Double = 0, systemError: Nanoseconds = .zero,
    startWall: WallTime = Self.start, parameters: SNTPClient.Parameters = .init(), isUsed: Bool = true, seed: UInt64 = 1
  ) {
    self.servers = servers
    self.driftPPM = driftPPM
    self.startWall = startWall
    generator = SeededGenerator(seed: seed)
    let system = startWall.advanced(by: systemError)
    clock = DisciplinedClock(host: Self.bootTime, wall: system)
    client = SNTPClient(
      tiers: tiers ?? servers.map { _ in 0 }, parameters: parameters, startedAt: Self.bootTime, systemWall: system)
    if isUsed { read() }
    apply(client.deadlineReached(at: host))
  }

  private static let bootTime = HostTime(nanos: 5_000_000_000)

  var host: HostTime { Self.bootTime.advanced(by: Nanoseconds(now + Int64(Double(now) * driftPPM * 1e-6))) }
  var truth: WallTime { startWall.advanced(by: Nanoseconds(now)) }
  /// What the clock is ahead of the truth.
  var error: Nanoseconds { clock.wall(at: host).since(truth) }

  /// Lets `seconds` of true time pass, reading the clock ten times a second in between, the last time at the end.
  /// - Returns: the largest error from `settled` seconds on.
  @discardableResult
  mutating func run(seconds: Double, settled: Double = 0) -> Nanoseconds {
    let (start, end) = (now, now + Int64(seconds * 1e9))
    var worst = Nanoseconds.zero
    var nextReading = now
    while now < end {
      let due = deadline.map { Int64(Double($0.since(Self.bootTime).value) / (1 + driftPPM * 1e-6)) + 1 } ?? .max
      let arrival = queue.first?.time ?? .max
      now = max(now, min(due, arrival, nextReading, end))
      if now >= nextReading {
        nextReading += 100_000_000
        read()
        if Double(now - start) >= settled * 1e9 { worst = max(worst, Nanoseconds(abs(error.value))) }
      }
      if now >= arrival {
        let datagram = queue.removeFirst()
        apply(client.received(datagram.bytes, from: datagram.server, at: host))
      }
      if let deadline, host >= deadline { apply(client.deadlineReached(at: host)) }
    }
    read()
    return worst
  }

  private mutating func read() {
    let reading = clock.reading(at: host)
    if reading < lastReading { stepsBack += 1 }
    lastReading = reading
  }

  private mutating func apply(_ effects: SNTPClient.Effects) {
    failures += effects.failures
    if let error = effects.ignored { ignored.append(error) }
    if let estimate = effects.estimate { clock.follow(estimate, at: host) }
    deadline = effects.deadline
    for server in effects.polls { send(to: server) }
  }

  private mutating func send(to server: Int) {
    let cookie = UInt64.random(in: 1 ... .max, using: &generator)
    guard let bytes = client.request(to: server, cookie: cookie, at: host),
      let request = try? SNTPPacket(decoding: bytes)
    else { return }
    servers[server].requests += 1
    let place = servers[server]
    guard !place.isSilent, Double.random(in: 0..<1, using: &generator) >= place.loss else { return }
    let outbound = Int64(Double.random(in: place.outbound, using: &generator) * 1e6)
    let inbound = Int64(Double.random(in: place.inbound, using: &generator) * 1e6)
    let received = truth.advanced(by: Nanoseconds(outbound + place.error.value))
    let work: Int64 = 50_000
    var reply = SNTPPacket(mode: .server)
    reply.stratum = 2
    reply.precision = -20
    reply.rootDelayTicks = 65
    reply.rootDispersionTicks = 65
    reply.origin = request.transmit
    reply.receive = NTPTimestamp(received)
    reply.transmit = NTPTimestamp(received.advanced(by: Nanoseconds(work)))
    if let kiss = place.kiss {
      reply.stratum = 0
      reply.referenceID = kiss.utf8.reduce(0) { $0 << 8 | UInt32($1) }
    }
    place.distort?(&reply)
    let arrival = now + outbound + work + inbound
    for (index, bytes) in place.forged.enumerated() { enqueue(bytes, from: server, at: now + Int64(index) + 1) }
    enqueue(reply.bytes, from: server, at: arrival)
  }

  private mutating func enqueue(_ bytes: [UInt8], from server: Int, at time: Int64) {
    let position = queue.firstIndex { $0.time > time } ?? queue.endIndex
    queue.insert(Arrival(time: time, server: server, bytes: bytes), at: position)
  }
}
