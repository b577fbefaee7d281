import MediaModel
import RTP
import Testing

@Suite struct RTPTimeTests {
  @Test func ticksOfWallTimeDoNotOverflow() {
    // 2026-11-22T00:00:00.5Z: seconds since 1970 × 90,000 + 45,000.
    let wall = WallTime(nanosSince1970: 1_795_305_600_500_000_000)
    #expect(RTPTicks(wall) == RTPTicks(1_795_305_600 * 90_000 + 45_000))
    #expect(RTPTicks(wall).duration == Nanoseconds(1_795_305_600_500_000_000))
  }

  @Test func unwrapsOverTheEdgeAndBackwards() {
    var unwrapper = RTPTimestampUnwrapper()
    #expect(unwrapper.unwrap(0xFFFF_FFF0).value == 0xFFFF_FFF0)
    #expect(unwrapper.unwrap(0x10).value == 0x1_0000_0010)
    #expect(unwrapper.unwrap(0xFFFF_FFFF).value == 0xFFFF_FFFF)
    #expect(unwrapper.nearest(to: 0).value == 0x1_0000_0000)
  }

  @Test func ntpMapsBothWays() {
    // RFC 868: 2,208,988,800 s after 1900 is 1970-01-01.
    #expect(NTPTimestamp(WallTime(nanosSince1970: 0)) == NTPTimestamp(seconds: 2_208_988_800, fraction: 0))
    let wall = WallTime(nanosSince1970: 1_795_305_600_123_456_789)
    let error = NTPTimestamp(wall).wallTime.since(wall).value
    #expect(abs(error) <= 1)
    // 2036-02-07T06:28:16Z begins the next era.
    #expect(NTPTimestamp(seconds: 0, fraction: 0).wallTime == WallTime(nanosSince1970: 2_085_978_496_000_000_000))
    #expect(NTPTimestamp(seconds: 0x1234_5678, fraction: 0x9ABC_DEF0).middle == 0x5678_9ABC)
  }

  @Test func timelineFollowsCaptureTime() {
    var timeline = RTPTimeline(offset: 1_000)
    let start = WallTime(nanosSince1970: 1_795_305_600_000_000_000)
    let first = timeline.timestamp(for: start)
    #expect(first.timestamp == RTPTicks(RTPTicks(start).value + 1_000).wrapped && !first.isMoved)
    // A B-frame, captured 40 ms before the picture that was sent ahead of it.
    let second = timeline.timestamp(for: start.advanced(by: .milliseconds(80)))
    let third = timeline.timestamp(for: start.advanced(by: .milliseconds(40)))
    #expect(second.timestamp &- first.timestamp == 7_200 && third.timestamp &- first.timestamp == 3_600)
    #expect(!second.isMoved && !third.isMoved)
    // What a sender report says agrees with the packets.
    #expect(timeline.timestamp(at: start) == first.timestamp)
  }

  @Test(arguments: [Nanoseconds.seconds(-5), .seconds(3_600)])
  func timelineGoesOnSmoothlyWhenCaptureTimeJumps(jump: Nanoseconds) {
    var timeline = RTPTimeline(offset: 0)
    let start = WallTime(nanosSince1970: 1_795_305_600_000_000_000)
    let first = timeline.timestamp(for: start)
    let moved = start.advanced(by: jump)
    let second = timeline.timestamp(for: moved)
    #expect(second.isMoved && second.timestamp &- first.timestamp == 3_000)
    #expect(timeline.timestamp(at: moved) == second.timestamp)
    #expect(timeline.timestamp(for: moved.advanced(by: .milliseconds(100))) == (second.timestamp &+ 9_000, false))
  }

  @Test func senderClockFollowsSenderReports() {
    let wall = WallTime(nanosSince1970: 1_795_305_600_000_000_000)
    var clock = SenderClock()
    clock.received(report(at: wall, timestamp: 90_000))
    #expect(clock.captureTime(ofUnitAt: 90_000, isKeyFrame: true, arrival: wall.advanced(by: .seconds(7))) == wall)
    #expect(clock.isSynchronized)
    let later = clock.captureTime(ofUnitAt: 93_600, isKeyFrame: false, arrival: wall)
    #expect(abs(later.since(wall).value - 40_000_000) <= 1)
  }

  @Test func senderClockSpreadsSmallCorrections() {
    let wall = WallTime(nanosSince1970: 1_795_305_600_000_000_000)
    var clock = SenderClock()
    #expect(clock.captureTime(ofUnitAt: 0, isKeyFrame: true, arrival: wall) == wall)
    // The report says that the first picture was taken 10 ms before it arrived.
    clock.received(report(at: wall.advanced(by: .milliseconds(-10)), timestamp: 0))
    var times: [Int64] = []
    for frame in 1...10 {
      let time = clock.captureTime(ofUnitAt: UInt32(frame * 3_600), isKeyFrame: false, arrival: wall)
      times.append(time.since(wall).value)
    }
    // 2 ms of correction per 40 ms of video: 38, 76, …; after five pictures all is made up for.
    #expect(abs(times[0] - 38_000_000) < 10 && abs(times[4] - 190_000_000) < 10 && abs(times[9] - 390_000_000) < 10)
    #expect(clock.isSynchronized)
  }

  @Test func senderClockStepsAtKeyFramesOnly() {
    let wall = WallTime(nanosSince1970: 1_795_305_600_000_000_000)
    var clock = SenderClock()
    _ = clock.captureTime(ofUnitAt: 0, isKeyFrame: true, arrival: wall)
    clock.received(report(at: wall.advanced(by: .seconds(-100)), timestamp: 0))
    #expect(clock.captureTime(ofUnitAt: 9_000, isKeyFrame: false, arrival: wall).since(wall).milliseconds == 100)
    #expect(clock.captureTime(ofUnitAt: 18_000, isKeyFrame: true, arrival: wall).since(wall).milliseconds == -99_800)
  }

  @Test func senderClockIgnoresReportsWithoutClock() {
    var clock = SenderClock()
    clock.received(
      RTCPSenderReport(
        ssrc: 1, ntp: NTPTimestamp(seconds: 0, fraction: 0), rtpTimestamp: 5, packetCount: 0, octetCount: 0))
    let wall = WallTime(nanosSince1970: 1_795_305_600_000_000_000)
    #expect(clock.captureTime(ofUnitAt: 90_000, isKeyFrame: true, arrival: wall) == wall)
  }

  private func report(at wall: WallTime, timestamp: UInt32) -> RTCPSenderReport {
    RTCPSenderReport(ssrc: 1, ntp: NTPTimestamp(wall), rtpTimestamp: timestamp, packetCount: 0, octetCount: 0)
  }
}
