import MediaModel
import TelemetryProtocol
import TestSupport
import Testing

struct ReorderWindowTests {
  /// A sample under way: its time on the device, and when it arrives.
  private struct Arrival {
    var time: Int64
    var at: HostTime
  }

  /// What came out of a window.
  private struct Outcome {
    var times: [Int64] = []
    var delays: [Nanoseconds] = []
    var duplicates = 0
    var late = 0
    var restarts = 0

    mutating func add(_ effects: ReorderWindow<Int>.Effects) {
      times += effects.released.map(\.timestampNanos)
      delays += effects.released.map(\.delay)
      duplicates += effects.duplicates
      late += effects.late
      restarts += effects.restarted ? 1 : 0
    }

    var isOrdered: Bool { zip(times, times.dropFirst()).allSatisfy { $0 < $1 } }
  }

  /// Runs arrivals through a window, with its deadlines in between.
  private func run(_ arrivals: [Arrival], limits: ReorderLimits = ReorderLimits()) -> Outcome {
    var window = ReorderWindow<Int>(limits: limits)
    var outcome = Outcome()
    var deadline: HostTime?
    for arrival in arrivals.sorted(by: { $0.at < $1.at }) {
      while let due = deadline, due <= arrival.at {
        let effects = window.deadlineReached(at: due)
        outcome.add(effects)
        deadline = effects.nextDeadline
      }
      let effects = window.insert(0, timestampNanos: arrival.time, at: arrival.at)
      outcome.add(effects)
      deadline = effects.nextDeadline
    }
    while let due = deadline {
      let effects = window.deadlineReached(at: due)
      outcome.add(effects)
      deadline = effects.nextDeadline
    }
    #expect(window.heldCount == 0)
    return outcome
  }

  private static let epoch: Int64 = 1_700_000_000_000_000_000
  private static let step: Int64 = 5_000_000

  private func regular(_ count: Int, jitter: Double = 0, random: inout SeededGenerator) -> [Int64] {
    (0..<count).map {
      Self.epoch + Int64($0) * Self.step
        + Int64(Double.random(in: -jitter...jitter, using: &random) * Double(Self.step))
    }
  }

  @Test func aRegularStreamPassesAtOnce() {
    var random = SeededGenerator(seed: 1)
    let times = regular(1_000, jitter: 0.08, random: &random)
    let outcome = run(times.enumerated().map { Arrival(time: $1, at: milliseconds(Double($0) * 5)) })
    #expect(outcome.times == times)
    // The first samples wait until the stream is known to be regular.
    #expect(outcome.delays.dropFirst(20).allSatisfy { $0 == .zero })
    #expect(outcome.delays.prefix(20).contains { $0 > .zero })
    #expect(outcome.delays.allSatisfy { $0 <= .milliseconds(50) })
  }

  @Test func aLostSampleHoldsThoseBehindItForTheWindowOnly() {
    var random = SeededGenerator(seed: 1)
    var times = regular(200, random: &random)
    times.remove(at: 100)
    let outcome = run(times.map { Arrival(time: $0, at: HostTime(nanos: $0 - Self.epoch)) })
    #expect(outcome.times == times)
    #expect(outcome.delays.dropFirst(20).count { $0 > .zero } == 10)  // 50 ms of 5 ms each.
    #expect(outcome.delays.allSatisfy { $0 <= .milliseconds(50) })
  }

  /// Every disorder within the window is undone, whatever it looks like.
  @Test(arguments: 0..<40)
  func disorderWithinTheWindowIsUndone(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let times = regular(400, jitter: 0.08, random: &random)
    let arrivals = times.map { time -> Arrival in
      // A third of all samples is slow.
      let delay = Int.random(in: 0..<3, using: &random) == 0 ? Int64.random(in: 0..<49_000_000, using: &random) : 0
      return Arrival(time: time, at: HostTime(nanos: time - Self.epoch + 100_000_000 + delay))
    }
    let outcome = run(arrivals)
    #expect(outcome.times == times)
    #expect(outcome.late == 0)
    #expect(outcome.delays.allSatisfy { $0 <= .milliseconds(50) })
  }

  /// An irregular stream cannot be known to be complete, so each sample waits for the whole window.
  @Test(arguments: 0..<20)
  func irregularStreamsAreOrderedToo(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var time = Self.epoch
    var arrivals: [Arrival] = []
    for _ in 0..<400 {
      time += Int64(-8e6 * Self.logarithm(Double.random(in: 1e-6...1, using: &random))) + 1
      let delay = Int64.random(in: 0..<49_000_000, using: &random)
      arrivals.append(Arrival(time: time, at: HostTime(nanos: time - Self.epoch + delay)))
    }
    let outcome = run(arrivals)
    #expect(outcome.isOrdered)
    #expect(outcome.late == 0)
    #expect(outcome.times.count == 400)
    #expect(outcome.delays.allSatisfy { $0 <= .milliseconds(50) })
  }

  /// Natural logarithm by its series around 1, enough for waiting times.
  private static func logarithm(_ value: Double) -> Double {
    var (value, sum) = (value, 0.0)
    while value < 0.5 {
      value *= 2
      sum -= 0.693147
    }
    let x = value - 1
    return sum + x - x * x / 2 + x * x * x / 3
  }

  @Test func repetitionsAreLeftOut() {
    var random = SeededGenerator(seed: 3)
    let times = regular(500, random: &random)
    var arrivals = times.map { Arrival(time: $0, at: HostTime(nanos: $0 - Self.epoch)) }
    for index in stride(from: 0, to: 500, by: 7) {
      // At once, in the window, and long after.
      let delay = [1_000, 30_000_000, 400_000_000][index % 3]
      arrivals.append(Arrival(time: times[index], at: HostTime(nanos: times[index] - Self.epoch + Int64(delay))))
    }
    let outcome = run(arrivals)
    #expect(outcome.times == times)
    #expect(outcome.duplicates == 72)
    #expect(outcome.late == 0)
  }

  @Test func whatComesAfterTheWindowIsLate() {
    var random = SeededGenerator(seed: 3)
    let times = regular(200, random: &random)
    let outcome = run(
      times.enumerated().map {
        Arrival(time: $1, at: HostTime(nanos: $1 - Self.epoch + ($0 == 100 ? 80_000_000 : 0)))
      })
    #expect(outcome.times == times.filter { $0 != times[100] })
    #expect(outcome.late == 1)
    #expect(outcome.isOrdered)
  }

  @Test(arguments: [3_600.0, 86_400.0, 1.5])
  func aClockThatIsSetBackDoesNotWedge(seconds: Double) {
    var random = SeededGenerator(seed: 3)
    let times = regular(400, random: &random)
    let jump = Int64(seconds * 1e9)
    let outcome = run(
      times.enumerated().map { Arrival(time: $0 < 200 ? $1 : $1 - jump, at: HostTime(nanos: $1 - Self.epoch)) })
    #expect(outcome.restarts == 1)
    #expect(outcome.late == 2)
    #expect(outcome.times.count == 398)
    #expect(outcome.delays.allSatisfy { $0 <= .milliseconds(50) })
  }

  @Test func aClockThatJumpsAheadGoesOn() {
    var random = SeededGenerator(seed: 3)
    let times = regular(400, random: &random)
    let outcome = run(
      times.enumerated().map {
        Arrival(time: $0 < 200 ? $1 : $1 + 3_600_000_000_000, at: HostTime(nanos: $1 - Self.epoch))
      })
    #expect(outcome.times.count == 400)
    #expect(outcome.restarts == 0)
    #expect(outcome.isOrdered)
  }

  /// One sample from the far future must not make everything after it late.
  @Test func aStrayTimestampCostsThreeSamplesAtMost() {
    var random = SeededGenerator(seed: 3)
    let times = regular(400, random: &random)
    var arrivals = times.map { Arrival(time: $0, at: HostTime(nanos: $0 - Self.epoch)) }
    arrivals[200].time = .max
    let outcome = run(arrivals)
    #expect(outcome.times.count >= 397)
  }

  @Test func noMoreIsHeldThanAllowed() {
    var window = ReorderWindow<Int>(limits: ReorderLimits())
    var released = 0
    for index in 0..<5_000 {
      // Farther and farther apart, at one moment.
      let effects = window.insert(
        0, timestampNanos: Int64(index) * Int64(index) * 1_000_000, at: HostTime(nanos: 0))
      released += effects.released.count
      #expect(window.heldCount <= ReorderLimits().held)
    }
    #expect(released + window.heldCount == 5_000)
  }

  /// Times that are anything at all: order, bounds and accounting hold.
  @Test(arguments: 0..<20)
  func anythingGoes(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var now: Int64 = 0
    var arrivals: [Arrival] = []
    for _ in 0..<1_000 {
      now += Int64.random(in: 0...10_000_000, using: &random)
      let time =
        switch Int.random(in: 0..<4, using: &random) {
        case 0: Int64.random(in: 0...Int64.max, using: &random)
        case 1: Int64.random(in: 0...5, using: &random)
        default: Self.epoch + now + Int64.random(in: -60_000_000...60_000_000, using: &random)
        }
      arrivals.append(Arrival(time: time, at: HostTime(nanos: now)))
    }
    let outcome = run(arrivals)
    #expect(outcome.times.count + outcome.duplicates + outcome.late == 1_000)
    #expect(outcome.delays.allSatisfy { $0 <= .milliseconds(50) })
  }
}
