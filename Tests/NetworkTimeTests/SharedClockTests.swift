import ClockSync
import Clocks
import MediaModel
import NetworkTime
import Synchronization
import Testing

/// The clocks of a host in virtual time, whose date somebody can set.
private final class VirtualHost: Sendable {
  private let state = Mutex((host: Int64(7_000_000_000), set: Int64(0)))

  static let start = WallTime(nanosSince1970: 1_782_864_000_000_000_000)

  func pass(_ time: Nanoseconds) { state.withLock { $0.host += time.value } }

  /// Sets the date forward, or back where negative.
  func setDate(by jump: Nanoseconds) { state.withLock { $0.set += jump.value } }

  var now: HostTime { HostTime(nanos: state.withLock { $0.host }) }
  var truth: WallTime { Self.start.advanced(by: Nanoseconds(now.nanos)) }

  var clocks: SystemClocks {
    SystemClocks(
      host: { self.now },
      wall: { self.state.withLock { WallTime(nanosSince1970: Self.start.nanosSince1970 + $0.host + $0.set) } })
  }
}

/// The highest reading that anybody took.
private final class Highest: Sendable {
  private let wall = Mutex(WallTime(nanosSince1970: 0))

  var value: WallTime { wall.withLock { $0 } }

  func note(_ reading: WallTime) { wall.withLock { $0 = max($0, reading) } }
}

@Suite struct SharedClockTests {
  @Test func showsTheSystemsTimeUntilNetworkTimeIsKnown() {
    let host = VirtualHost()
    let clock = SharedClock(system: host.clocks)
    host.pass(.seconds(3))
    let reading = clock.clocks.reading()
    #expect(reading == ClockReading(host: host.now, wall: host.truth, networkTimeOffset: .zero))
  }

  @Test func theOffsetInForceIsThatOfTheReading() {
    let host = VirtualHost()
    let clock = SharedClock(system: host.clocks)
    clock.follow(
      ClockEstimate(at: host.now, epoch: VirtualHost.start.nanosSince1970 + 250_000_000))
    host.pass(.seconds(1))
    #expect(clock.clocks.networkTimeOffset() == .milliseconds(250))
    #expect(clock.clocks.wall() == host.truth.advanced(by: .milliseconds(250)))
    #expect(
      clock.clocks.reading().wall(at: host.now.advanced(by: .milliseconds(-5)))
        == host.truth.advanced(by: .milliseconds(245)))
  }

  @Test(arguments: [-86_400.0, -1, 1, 86_400]) func whoSetsTheSystemsClockDoesNotReachIt(jump: Double) {
    let host = VirtualHost()
    let clock = SharedClock(system: host.clocks)
    clock.follow(ClockEstimate(at: host.now, epoch: VirtualHost.start.nanosSince1970))
    var last = clock.clocks.wall()
    for second in 0..<100 {
      if second == 30 { host.setDate(by: .seconds(jump)) }
      host.pass(.seconds(1))
      clock.followSystem()
      let wall = clock.clocks.wall()
      #expect(wall > last && wall == host.truth)
      last = wall
    }
    #expect(clock.clocks.networkTimeOffset() == .seconds(-jump))
  }

  /// The order of readings is the order of their values, whoever takes them while the clock is steered.
  @Test func readingsOfManyThreadsNeverFall() async {
    let clock = SharedClock(system: .system)
    let highest = Highest()
    await withTaskGroup(of: Int.self) { tasks in
      for task in 0..<4 {
        tasks.addTask {
          var falls = 0
          for index in 0..<2_000 {
            if task == 0, index % 10 == 0 {
              let host = SystemClocks.system.host()
              let error = Int64(index % 3 - 1) * 50_000_000
              let epoch = SystemClocks.system.wall().nanosSince1970 - host.nanos + error
              clock.follow(ClockEstimate(at: host, epoch: epoch, frequency: Double(index % 7 - 3) * 1e-4))
            }
            let before = highest.value
            let wall = clock.clocks.wall()
            if wall < before { falls += 1 }
            highest.note(wall)
          }
          return falls
        }
      }
      for await falls in tasks { #expect(falls == 0) }
    }
  }
}
