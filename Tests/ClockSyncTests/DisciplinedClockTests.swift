import ClockSync
import MediaModel
import TestSupport
import Testing

@Suite struct DisciplinedClockTests {
  private static let wall = SimulatedNetwork.start

  private static func host(_ seconds: Double) -> HostTime { HostTime(nanos: Int64(seconds * 1e9)) }

  /// Network time that is ahead of the clock of the system by so much, at host time zero.
  private static func estimate(ahead: Double, frequency: Double = 0) -> ClockEstimate {
    ClockEstimate(at: host(0), epoch: wall.nanosSince1970 + Int64(ahead * 1e9), frequency: frequency)
  }

  private static func makeClock() -> DisciplinedClock { DisciplinedClock(host: host(0), wall: wall) }

  private static func seconds(_ clock: DisciplinedClock, at second: Double) -> Double {
    clock.wall(at: host(second)).since(wall).seconds
  }

  @Test func runsOnHostTime() {
    var clock = Self.makeClock()
    #expect(clock.reading(at: Self.host(12.5)) == Self.wall.advanced(by: .seconds(12.5)))
  }

  @Test(arguments: [-3_600.0, -0.25, 0.25, 3_600]) func theFirstEstimateIsAdoptedWhenNobodyUsedTheClock(ahead: Double) {
    var clock = Self.makeClock()
    clock.follow(Self.estimate(ahead: ahead), at: Self.host(1))
    #expect(abs(Self.seconds(clock, at: 1) - 1 - ahead) < 1e-9)
  }

  @Test func theFirstEstimateMayStepForward() {
    var clock = Self.makeClock()
    _ = clock.reading(at: Self.host(1))
    clock.follow(Self.estimate(ahead: 0.25), at: Self.host(1))
    #expect(abs(Self.seconds(clock, at: 1) - 1.25) < 1e-9)
    // The second may not.
    clock.follow(Self.estimate(ahead: 0.3), at: Self.host(2))
    #expect(abs(Self.seconds(clock, at: 2) - 2.25) < 1e-9)
  }

  @Test func aClockInUseIsSlewedBackAtFiveHundredPPM() {
    var clock = Self.makeClock()
    _ = clock.reading(at: Self.host(1))
    clock.follow(Self.estimate(ahead: -0.25), at: Self.host(1))
    #expect(abs(Self.seconds(clock, at: 1) - 1) < 1e-9)
    #expect(abs(Self.seconds(clock, at: 101) - (101 - 0.05)) < 1e-6)
    #expect(abs(clock.pending(at: Self.host(101)).seconds + 0.2) < 1e-6)
    // 0.25 s take 500 s, and then it goes on with network time.
    #expect(abs(Self.seconds(clock, at: 501) - 500.75) < 1e-6)
    #expect(abs(Self.seconds(clock, at: 5_000) - 4_999.75) < 1e-6)
    #expect(clock.pending(at: Self.host(501.1)) == .zero)
  }

  @Test func driftIsTakenAlong() {
    var clock = Self.makeClock()
    clock.follow(Self.estimate(ahead: 0, frequency: 50e-6), at: Self.host(0))
    #expect(abs(Self.seconds(clock, at: 100_000) - 100_005) < 1e-6)
  }

  @Test func absurdDriftIsBounded() {
    for frequency in [-1.0, -1e-3, 1e-3, 1] {
      var clock = Self.makeClock()
      _ = clock.reading(at: Self.host(0))
      clock.follow(ClockEstimate(at: Self.host(10), epoch: Self.wall.nanosSince1970), at: Self.host(10))
      clock.follow(
        ClockEstimate(at: Self.host(20), epoch: Self.wall.nanosSince1970, frequency: frequency), at: Self.host(20))
      #expect(abs(Self.seconds(clock, at: 1_020) - 1_020) <= 1_000 * DisciplinedClock.slewLimit + 1e-6)
    }
  }

  @Test func aHostThatSleptIsPutForward() {
    var clock = Self.makeClock()
    clock.follow(Self.estimate(ahead: 0), at: Self.host(0))
    _ = clock.reading(at: Self.host(100))
    clock.follow(Self.estimate(ahead: 7_200), at: Self.host(100))
    #expect(abs(Self.seconds(clock, at: 100) - 7_300) < 1e-6)
  }

  @Test func theSystemClockIsFollowedOnlyUntilNetworkTimeIsKnown() {
    var clock = Self.makeClock()
    _ = clock.reading(at: Self.host(1))
    // Somebody sets the date back by an hour: readings go on.
    clock.follow(system: Self.wall.advanced(by: .seconds(-3_600)), at: Self.host(2))
    #expect(abs(Self.seconds(clock, at: 3) - 3) < 0.001)
    // And forward.
    clock.follow(system: Self.wall.advanced(by: .seconds(3_604)), at: Self.host(4))
    #expect(abs(Self.seconds(clock, at: 4) - 3_604) < 1e-9)
    var synchronised = Self.makeClock()
    synchronised.follow(Self.estimate(ahead: 0.1), at: Self.host(1))
    for second in [2.0, 3, 4] {
      synchronised.follow(system: Self.wall.advanced(by: .seconds(second * 10_000)), at: Self.host(second))
      #expect(abs(Self.seconds(synchronised, at: second) - second - 0.1) < 1e-9)
    }
  }

  /// Whatever is to be followed and whenever it is read: no reading is below an earlier one.
  @Test(arguments: 0..<50 as Range<UInt64>) func neverStepsBack(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var clock = Self.makeClock()
    var host: Int64 = 0
    var last = clock.reading(at: HostTime(nanos: host))
    for _ in 0..<2_000 {
      host += [0, 1, 3, 999, 1_000_000, 60_000_000_000].randomElement(using: &generator) ?? 0
      host += Int64.random(in: 0...10_000, using: &generator)
      let now = HostTime(nanos: host)
      switch Int.random(in: 0..<4, using: &generator) {
      case 0:
        let error = Int64.random(in: -30_000_000_000...30_000_000_000, using: &generator)
        clock.follow(
          ClockEstimate(
            at: now, epoch: Self.wall.nanosSince1970 + error,
            frequency: Double.random(in: -1e-3...1e-3, using: &generator)), at: now)
      case 1:
        let error = Nanoseconds(Int64.random(in: -90_000_000_000_000...90_000_000_000_000, using: &generator))
        clock.follow(system: Self.wall.advanced(by: error), at: now)
      default: break
      }
      let reading = clock.reading(at: now)
      #expect(reading >= last)
      last = reading
    }
  }
}
