import ClockSync
import MediaModel
import TestSupport
import Testing

@Suite struct SNTPClientTests {
  private static let minute = 60.0
  private static let hour = 3_600.0

  @Test(arguments: 0..<8 as Range<UInt64>) func findsAnOffsetThroughJitterAndLoss(seed: UInt64) {
    // Up to 60 ms of queueing in one direction only; the fastest exchanges are symmetric.
    var network = SimulatedNetwork(
      [SimulatedServer(outbound: 5...60, inbound: 5...15, loss: 0.2)], systemError: .milliseconds(-250), seed: seed)
    network.run(seconds: 10 * Self.minute)
    #expect(abs(network.error.milliseconds) < 20)
    // A single exchange may be wrong by half of 55 ms; the rest is what the drift is not known to, between rare polls.
    #expect(network.run(seconds: 6 * Self.hour) < .milliseconds(35))
    #expect(network.stepsBack == 0 && network.client.isSynchronised)
  }

  @Test func theFirstAnswerSetsAClockThatIsLate() {
    var network = SimulatedNetwork([SimulatedServer()], systemError: .milliseconds(-250))
    network.run(seconds: 0.1)
    #expect(abs(network.error.milliseconds) < 1)
  }

  @Test func aClockThatIsEarlyIsSlewed() {
    var network = SimulatedNetwork([SimulatedServer()], systemError: .milliseconds(100))
    network.run(seconds: 10)
    #expect(network.error > .milliseconds(90) && network.error < .milliseconds(100))
    network.run(seconds: 250)
    #expect(abs(network.error.milliseconds) < 1 && network.stepsBack == 0)
  }

  @Test func aClockThatNobodyUsedIsSetBack() {
    var network = SimulatedNetwork([SimulatedServer()], systemError: .seconds(3_600), isUsed: false)
    network.run(seconds: 1)
    // The run reads the clock before the first answer comes, so only an unread one can be set.
    #expect(network.stepsBack == 0)
    var clock = DisciplinedClock(host: network.host, wall: SimulatedNetwork.start.advanced(by: .seconds(3_600)))
    if let estimate = network.client.estimate { clock.follow(estimate, at: network.host) }
    #expect(abs(clock.wall(at: network.host).since(network.truth).milliseconds) < 1)
  }

  @Test(arguments: [-50.0, 50]) func driftOfFiftyPPMIsLearned(drift: Double) {
    var network = SimulatedNetwork(
      [SimulatedServer(outbound: 4...8, inbound: 4...8)], driftPPM: drift, seed: 5)
    #expect(network.run(seconds: Self.hour, settled: 10 * Self.minute) < .milliseconds(8))
    #expect(network.run(seconds: 12 * Self.hour) < .milliseconds(8))
    #expect(abs((network.client.estimate?.frequency ?? 0) * 1e6 + drift) < 3)
    #expect(network.stepsBack == 0)
    // Polls have become rare by then.
    #expect(network.client.interval(of: 0) >= .seconds(256))
  }

  @Test(arguments: 0..<4 as Range<UInt64>) func oneFalsetickerOfThreeLoses(seed: UInt64) {
    let liar = SimulatedServer(error: .seconds(2), outbound: 0.2...0.3, inbound: 0.2...0.3)
    let honest = SimulatedServer(outbound: 10...20, inbound: 10...20)
    for servers in [[liar, honest, honest], [honest, liar, honest], [honest, honest, liar]] {
      var network = SimulatedNetwork(servers, systemError: .milliseconds(-40), seed: seed)
      #expect(network.run(seconds: 2 * Self.hour, settled: 5) < .milliseconds(12))
      #expect(network.stepsBack == 0)
    }
  }

  @Test func aServerThatStartsToLieIsLeft() {
    let honest = SimulatedServer(outbound: 10...12, inbound: 10...12)
    var network = SimulatedNetwork([SimulatedServer(outbound: 1...2, inbound: 1...2), honest, honest])
    network.run(seconds: Self.hour)
    network.servers[0].error = .seconds(-5)
    #expect(network.run(seconds: 12 * Self.hour) < .milliseconds(10))
    #expect(network.client.source(at: network.host)?.server != 0)
  }

  @Test func twoThatContradictEachOtherAreNotFollowed() {
    var network = SimulatedNetwork([SimulatedServer(error: .seconds(-2)), SimulatedServer(error: .seconds(2))])
    network.run(seconds: Self.hour)
    #expect(network.client.estimate == nil && network.client.isDisputed && !network.client.isSynchronised)
    #expect(network.error == .zero)
  }

  @Test func aServerThatIsSetIsFollowedWithoutASpikeMovingTheFrequency() {
    var network = SimulatedNetwork([SimulatedServer()], driftPPM: 20)
    network.run(seconds: Self.hour)
    network.servers[0].error = .milliseconds(200)
    network.run(seconds: 8 * Self.hour)
    #expect(abs(network.error.milliseconds - 200) < 5)
    #expect(abs((network.client.estimate?.frequency ?? 0) * 1e6 + 20) < 3)
    #expect(network.stepsBack == 0)
  }

  @Test func withoutAnswersTheClockIsThatOfTheSystemAndPollsBecomeRare() {
    var network = SimulatedNetwork(
      [SimulatedServer(isSilent: true)], systemError: .seconds(7))
    network.run(seconds: Self.hour)
    #expect(network.error == .seconds(7))
    #expect(network.client.isWithoutServers && !network.client.isSynchronised)
    #expect(network.servers[0].requests < 12)
    // A server that comes up later is found.
    network.servers[0].isSilent = false
    network.run(seconds: 1_100)
    #expect(network.client.isSynchronised)
  }

  @Test func aServerThatVanishesLeavesTheTime() {
    var network = SimulatedNetwork([SimulatedServer()], driftPPM: 20, systemError: .milliseconds(-250))
    network.run(seconds: 2 * Self.hour)
    network.servers[0].isSilent = true
    #expect(network.run(seconds: 3 * Self.hour) < .milliseconds(20))
    #expect(!network.client.isSynchronised && network.client.isWithoutServers)
    let growing: Nanoseconds = network.client.source(at: network.host)?.dispersion ?? .zero
    #expect(growing > .milliseconds(100))
    network.servers[0].isSilent = false
    network.run(seconds: 1_100)
    #expect(network.client.isSynchronised && network.stepsBack == 0)
    #expect(abs(network.error.milliseconds) < 20)
  }

  // MARK: Manners

  @Test func beginsWithABurstAndSlowsDown() {
    var network = SimulatedNetwork([SimulatedServer()])
    network.run(seconds: 7)
    #expect(network.servers[0].requests == 4)
    network.run(seconds: 5)
    #expect(network.servers[0].requests == 4)
    network.run(seconds: 24 * Self.hour)
    // A day of 1024 s each is 84 polls, and it takes an hour or two to slow down.
    #expect((84...150).contains(network.servers[0].requests))
    #expect(network.client.interval(of: 0) == .seconds(1_024))
  }

  @Test(arguments: ["DENY", "RSTR"]) func aServerThatRefusesIsNeverAskedAgain(kiss: String) {
    var network = SimulatedNetwork([SimulatedServer(kiss: kiss)])
    network.run(seconds: 24 * Self.hour)
    #expect(network.servers[0].requests == 1)
    #expect(network.client.isRetired(0) && network.client.isWithoutServers)
    #expect(network.client.estimate == nil)
  }

  @Test func aServerThatAsksForLessIsAskedLess() {
    var network = SimulatedNetwork([SimulatedServer()])
    network.run(seconds: 3)
    network.servers[0].kiss = "RATE"
    network.run(seconds: 10)
    network.servers[0].kiss = nil
    let before = network.servers[0].requests
    network.run(seconds: 10 * Self.minute)
    #expect(network.servers[0].requests - before <= 10)
    #expect(network.client.interval(of: 0) >= .seconds(64) && !network.client.isRetired(0))
    #expect(network.client.isSynchronised)
  }

  @Test func serversOfTheSecondTierAreAskedOnlyWithoutTheFirst() {
    var network = SimulatedNetwork([SimulatedServer(), SimulatedServer(), SimulatedServer()], tiers: [0, 1, 1])
    network.run(seconds: Self.hour)
    #expect(network.servers.map { $0.requests > 0 } == [true, false, false])
    network.servers[0].isSilent = true
    network.run(seconds: 2 * Self.hour)
    #expect(network.servers.allSatisfy { $0.requests > 0 } && network.client.isSynchronised)
    #expect(network.client.source(at: network.host)?.server != 0)
    network.servers[0].isSilent = false
    network.run(seconds: Self.hour)
    #expect(network.client.source(at: network.host)?.server == 0)
  }

  // MARK: Wrong answers

  @Test func forgedAndMalformedDatagramsDoNotMatter() {
    var unsynchronised = SNTPPacket(mode: .server)
    unsynchronised.leap = .unsynchronised
    var denial = SNTPPacket(mode: .server)
    denial.referenceID = 0x4445_4e59
    let forged = [[], [0x24], Array(repeating: 0xff, count: 48), unsynchronised.bytes, denial.bytes]
    var network = SimulatedNetwork([SimulatedServer(forged: forged)], systemError: .milliseconds(-250))
    network.run(seconds: Self.hour)
    #expect(network.failures.isEmpty && abs(network.error.milliseconds) < 1)
    #expect(network.ignored.count == 5 * network.servers[0].requests)
  }

  @Test func aServerThatIsNotSynchronisedIsNotFollowed() {
    var network = SimulatedNetwork([SimulatedServer(error: .seconds(9), distort: { $0.leap = .unsynchronised })])
    network.run(seconds: Self.hour)
    #expect(network.error == .zero && network.client.isWithoutServers)
    #expect(network.failures.allSatisfy { $0.failure == .reply(.unsynchronised) })
  }

  @Test func lateAndRepeatedAnswersCountOnce() {
    var network = SimulatedNetwork(
      [SimulatedServer(outbound: 1_500...1_600, inbound: 1_500...1_600)], systemError: .milliseconds(-250))
    network.run(seconds: 60)
    #expect(network.client.estimate == nil)
    #expect(network.failures.allSatisfy { $0.failure == .timeout } && !network.ignored.isEmpty)
    #expect(network.ignored.allSatisfy { $0 == .unmatched })
  }

  /// 2036-02-07T06:28:16Z, where the seconds of NTP start over.
  @Test func theEraMayEndWhileWeRun() {
    let rollover: Int64 = 2_085_978_496_000_000_000
    var network = SimulatedNetwork(
      [SimulatedServer()], systemError: .milliseconds(-250),
      startWall: WallTime(nanosSince1970: rollover - 100_000_000_000))
    #expect(network.run(seconds: Self.hour, settled: 1) < .milliseconds(1))
    #expect(network.client.isSynchronised)
  }

  @Test func aHostThatBootsIn1970IsSet() {
    var network = SimulatedNetwork(
      [SimulatedServer()], systemError: Nanoseconds(-SimulatedNetwork.start.nanosSince1970))
    network.run(seconds: 1)
    #expect(abs(network.error.milliseconds) < 1)
  }

  @Test func aNameThatHasNoAddressIsTriedAgain() {
    var client = SNTPClient(tiers: [0], startedAt: HostTime(nanos: 0), systemWall: SimulatedNetwork.start)
    var effects = client.deadlineReached(at: HostTime(nanos: 0))
    #expect(effects.polls == [0])
    effects = client.failed(0, .unresolved, at: HostTime(nanos: 1_000_000))
    #expect(effects.failures.map(\.server) == [0] && effects.failures.map(\.failure) == [.unresolved])
    #expect(effects.deadline == HostTime(nanos: 2_001_000_000))
    effects = client.deadlineReached(at: HostTime(nanos: 2_001_000_000))
    #expect(effects.polls == [0])
    // Nobody says what became of the look-up.
    // Whoever has answered by then is enough for a first estimate.
    #expect(effects.deadline == HostTime(nanos: 4_000_000_000))
    effects = client.deadlineReached(at: HostTime(nanos: 4_000_000_000))
    // An answer would be due.
    #expect(effects.failures.isEmpty && effects.deadline == HostTime(nanos: 4_001_000_000))
    effects = client.deadlineReached(at: HostTime(nanos: 4_001_000_000))
    #expect(effects.failures.isEmpty && effects.deadline == HostTime(nanos: 12_001_000_000))
    effects = client.deadlineReached(at: HostTime(nanos: 12_001_000_000))
    #expect(effects.failures.map(\.failure) == [.unresolved])
    #expect(client.request(to: 0, cookie: 1, at: HostTime(nanos: 12_001_000_000)) == nil)
  }

  // MARK: Property

  /// Whatever networks and servers do, the clock never steps back.
  @Test(arguments: 0..<24 as Range<UInt64>) func neverStepsBack(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let servers = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
      SimulatedServer(
        error: .milliseconds(Int64.random(in: -400...400, using: &generator)),
        outbound: 0.1...Double.random(in: 1...300, using: &generator),
        inbound: 0.1...Double.random(in: 1...300, using: &generator),
        loss: Double.random(in: 0...0.5, using: &generator))
    }
    var network = SimulatedNetwork(
      servers, driftPPM: Double.random(in: -200...200, using: &generator),
      systemError: .milliseconds(Int64.random(in: -1_000...1_000, using: &generator)), seed: seed)
    for _ in 0..<10 {
      network.run(seconds: 10 * Self.minute)
      for index in network.servers.indices {
        network.servers[index].error = .milliseconds(Int64.random(in: -20_000...20_000, using: &generator))
        network.servers[index].isSilent = Int.random(in: 0..<4, using: &generator) == 0
      }
    }
    #expect(network.stepsBack == 0)
  }
}
