import FFmpeg
import MediaModel
import Publishing
import Testing

@Suite struct TimelineTests {
  private let start = HostTime(nanos: 5_000_000_000)
  private let wall = WallTime(nanosSince1970: 1_700_000_000_000_000_000)
  private let frame = Nanoseconds.milliseconds(40)

  private func timeline(speed: Double = 1) -> SendTimeline { SendTimeline(startedAt: start, wall: wall, speed: speed) }

  @Test func timesAreThoseOfTheSourceFromTheStartOn() {
    var timeline = timeline()
    for index in 0..<1000 {
      // The source's clock starts anywhere.
      let time = Nanoseconds(77_000_000_123 + 40_000_000 * Int64(index))
      let place = timeline.place(decode: time, presentation: time, duration: frame)
      #expect(place.sendAt.since(start) == Nanoseconds(40_000_000 * Int64(index)), "no error adds up")
      #expect(place.captureMicros == wall.nanosSince1970 / 1000 + 40_000 * Int64(index))
    }
  }

  @Test func picturesWithBFramesAreSentInDecodingOrderWithPresentationTimes() {
    var timeline = timeline()
    // I P B B: decoded at -40, 0, 40, 80 ms, shown at 40, 160, 80, 120 ms.
    let times = [(-40, 40), (0, 160), (40, 80), (80, 120)]
    let places = times.map { decode, shown in
      timeline.place(
        decode: .milliseconds(Int64(decode)), presentation: .milliseconds(Int64(shown)), duration: frame)
    }
    #expect(places.map { $0.sendAt.since(start).milliseconds } == [0, 40, 80, 120])
    #expect(places.map { $0.captureMicros - wall.nanosSince1970 / 1000 } == [80_000, 200_000, 120_000, 160_000])
  }

  @Test func aLoopGoesOnRisingWithoutAGap() {
    var timeline = timeline()
    var captures: [Int64] = []
    for _ in 0..<3 {
      for index in 0..<4 {
        let time = Nanoseconds.milliseconds(1000 + 40 * Int64(index))
        captures.append(timeline.place(decode: time, presentation: time, duration: frame).captureMicros)
      }
      timeline.beginPass()
    }
    #expect(zip(captures, captures.dropFirst()).allSatisfy { $1 - $0 == 40_000 })
  }

  @Test func speedShortensEverything() {
    var timeline = timeline(speed: 4)
    _ = timeline.place(decode: .zero, presentation: .zero, duration: frame)
    let place = timeline.place(decode: .seconds(8), presentation: .seconds(8), duration: frame)
    #expect(place.sendAt.since(start) == .seconds(2))
    #expect(place.captureMicros - wall.nanosSince1970 / 1000 == 2_000_000)
  }

  @Test func afterABreakTheNextPictureIsNow() {
    var timeline = timeline()
    _ = timeline.place(decode: .zero, presentation: .zero, duration: frame)
    timeline.beginPass(at: start.advanced(by: .seconds(9)))
    let place = timeline.place(decode: .seconds(500), presentation: .seconds(500), duration: frame)
    #expect(place.sendAt.since(start) == .seconds(9))
  }

  @Test func aFlightInTimeLeavesNothingOut() {
    var schedule = FlightSchedule(startedAt: start, rate: FrameRate(30), speed: 1, duration: .seconds(1))
    var indexes: [Int] = []
    var now = start
    while let index = schedule.next(at: now) {
      indexes.append(index)
      now = max(now, schedule.time(ofFrame: index)).advanced(by: .milliseconds(30))
    }
    #expect(indexes == Array(0..<30))
    #expect(schedule.skipped == 0)
  }

  @Test func aFlightThatIsLateGoesOnWithTheNewestFrame() {
    var schedule = FlightSchedule(startedAt: start, rate: FrameRate(30), speed: 1, duration: nil)
    #expect(schedule.next(at: start) == 0)
    // One frame late is caught up with; more is left out.
    #expect(schedule.next(at: start.advanced(by: .milliseconds(70))) == 1)
    #expect(schedule.next(at: start.advanced(by: .milliseconds(210))) == 6)
    #expect(schedule.skipped == 4)
    #expect(schedule.next(at: start.advanced(by: .milliseconds(215))) == 7)
    #expect(schedule.taken == 4)
  }

  @Test func aFlightAsFastAsItCanNeverSkips() {
    var schedule = FlightSchedule(startedAt: start, rate: FrameRate(30), speed: 1000, duration: .seconds(2))
    var count = 0
    while let index = schedule.next(at: start.advanced(by: .seconds(100))) {
      #expect(index == count)
      #expect(schedule.time(ofFrame: index) == start)
      count += 1
    }
    #expect(count == 60)
  }
}
