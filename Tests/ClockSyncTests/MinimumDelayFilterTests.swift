import ClockSync
import MediaModel
import Testing

@Suite struct MinimumDelayFilterTests {
  /// A sample that came at a second and took so many milliseconds.
  private static func sample(at second: Double, delay: Int64, epochMicros: Int64 = 0) throws -> TimeSample {
    let received = HostTime(nanos: Int64(second * 1e9))
    let sent = received.advanced(by: .milliseconds(-delay))
    let middle = SimulatedNetwork.start.nanosSince1970 + sent.nanos + delay * 500_000 + epochMicros * 1_000
    var packet = SNTPPacket(mode: .server)
    packet.stratum = 1
    packet.precision = -20
    packet.origin = NTPTimestamp(rawValue: 1)
    packet.receive = NTPTimestamp(WallTime(nanosSince1970: middle))
    packet.transmit = packet.receive
    return try TimeSample(
      reply: packet.bytes, cookie: 1, sentAt: sent, receivedAt: received, pivot: SimulatedNetwork.start)
  }

  @Test func theFastestExchangeWins() throws {
    var filter = MinimumDelayFilter()
    #expect(filter.best(at: HostTime(nanos: 0), frequency: 0) == nil)
    for (index, delay) in [40, 25, 9, 60].enumerated() {
      filter.add(try Self.sample(at: Double(100 + 16 * index), delay: Int64(delay), epochMicros: Int64(delay) * 100))
    }
    let best = try #require(filter.best(at: HostTime(nanos: 150_000_000_000), frequency: 0))
    #expect(best.sample.delay == .milliseconds(9))
    // Differences of 3.1, 1.6 and 5.1 ms to the best.
    #expect(abs(best.jitter.milliseconds - 3.567) < 0.01)
  }

  @Test func ageCountsAsError() throws {
    var filter = MinimumDelayFilter()
    filter.add(try Self.sample(at: 100, delay: 10))
    filter.add(try Self.sample(at: 1_100, delay: 30))
    // 15 ppm of 1000 s are 15 ms, more than the 10 ms by which half the delay differs.
    let best = try #require(filter.best(at: HostTime(nanos: 1_100_000_000_000), frequency: 0))
    #expect(best.sample.delay == .milliseconds(30))
    let later = try #require(filter.best(at: HostTime(nanos: 2_100_000_000_000), frequency: 0))
    #expect(abs(later.dispersion.milliseconds - best.dispersion.milliseconds - 15) < 0.01)
    #expect(later.distance > best.distance)
  }

  @Test func theEighthBeforeIsForgotten() throws {
    var filter = MinimumDelayFilter()
    for index in 0..<9 { filter.add(try Self.sample(at: Double(100 + index), delay: index == 0 ? 1 : 20)) }
    #expect(filter.samples.count == MinimumDelayFilter.capacity)
    #expect(filter.best(at: HostTime(nanos: 109_000_000_000), frequency: 0)?.sample.delay == .milliseconds(20))
    filter.clear()
    #expect(filter.samples.isEmpty)
  }

  @Test func knownDriftIsNoJitter() throws {
    var filter = MinimumDelayFilter()
    for index in 0..<8 as Range<Int64> {
      filter.add(try Self.sample(at: Double(100 * index + 100), delay: 10, epochMicros: index * 5_000))
    }
    let now = HostTime(nanos: 800_000_000_000)
    #expect(try #require(filter.best(at: now, frequency: 50e-6)).jitter < .milliseconds(1))
    #expect(try #require(filter.best(at: now, frequency: 0)).jitter > .milliseconds(10))
  }
}

@Suite struct ServerSelectionTests {
  private static func select(_ claims: (middle: Int64, distance: Int64)...) -> [Int] {
    ServerSelection.truechimers(
      claims.map { ServerSelection.Candidate(epoch: $0.middle * 1_000_000, distance: .milliseconds($0.distance)) })
  }

  @Test func aMajorityWins() {
    #expect(Self.select() == [])
    #expect(Self.select((5, 1)) == [0])
    #expect(Self.select((5, 3), (7, 3)) == [0, 1])
    #expect(Self.select((0, 10), (4, 10), (2_000, 1)) == [0, 1])
    #expect(Self.select((-9_000, 1), (0, 10), (4, 10), (9_000, 1), (2, 5)) == [1, 2, 4])
  }

  @Test func withoutMajorityNobodyWins() {
    #expect(Self.select((0, 10), (2_000, 10)) == [])
    #expect(Self.select((0, 10), (2_000, 10), (4_000, 10)) == [])
    #expect(Self.select((0, 10), (1, 10), (2_000, 10), (2_001, 10)) == [])
  }

  @Test func serversOfALocalNetworkMayDifferALittle() {
    let claims = [0, 400_000, 900_000].map { ServerSelection.Candidate(epoch: $0, distance: Nanoseconds(20_000)) }
    #expect(ServerSelection.truechimers(claims) == [0, 1, 2])
  }

  @Test func extremeClaimsNeverTrap() {
    let extremes = [Int64.min, -1, 0, 1, .max]
    for first in extremes {
      for second in extremes {
        for distance in extremes {
          let claims = [first, second, 0].map {
            ServerSelection.Candidate(epoch: $0, distance: Nanoseconds(distance))
          }
          #expect(ServerSelection.truechimers(claims).count <= 3)
        }
      }
    }
  }
}
