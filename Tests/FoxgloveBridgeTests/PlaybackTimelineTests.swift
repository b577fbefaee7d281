import FoxgloveBridge
import FoxgloveProtocol
import MediaModel
import Testing

@Suite struct PlaybackTimelineTests {
  private let second: UInt64 = 1_000_000_000

  private func at(_ seconds: Double) -> HostTime { HostTime(nanos: Int64(seconds * 1e9)) }

  @Test func playsAtTheSpeedThatIsAskedFor() {
    var timeline = PlaybackTimeline(start: 10 * second, end: 20 * second, now: at(100))
    #expect(timeline.time(at: at(101)) == 11 * second)
    #expect(timeline.hostTime(of: 12 * second) == at(102))
    #expect(timeline.apply(PlaybackRequest(isPlaying: true, speed: 2, id: ""), now: at(102)) == nil)
    #expect(timeline.time(at: at(103)) == 14 * second)
    #expect(timeline.hostTime(of: 16 * second) == at(104))
    #expect(timeline.time(at: at(1_000)) == 20 * second)
  }

  @Test func pausesAndSeeks() {
    var timeline = PlaybackTimeline(start: 10 * second, end: 20 * second, now: at(0))
    #expect(timeline.apply(PlaybackRequest(isPlaying: false, speed: 1, id: ""), now: at(3)) == nil)
    #expect(timeline.time(at: at(50)) == 13 * second)
    #expect(timeline.hostTime(of: 14 * second) == nil)
    let seek = PlaybackRequest(isPlaying: false, speed: 1, seekTime: 5 * second, id: "a")
    #expect(timeline.apply(seek, now: at(60)) == 10 * second)
    #expect(timeline.state(now: at(70), didSeek: true, requestID: "a").status == .paused)
    #expect(timeline.apply(PlaybackRequest(isPlaying: true, speed: 1, id: ""), now: at(80)) == nil)
    #expect(timeline.time(at: at(81)) == 11 * second)
  }

  @Test func isPlayedAgainFromTheStart() {
    var timeline = PlaybackTimeline(start: 10 * second, end: 20 * second, now: at(0))
    timeline.ended()
    #expect(timeline.state(now: at(30)).status == .ended)
    #expect(timeline.apply(PlaybackRequest(isPlaying: true, speed: 1, id: ""), now: at(40)) == 10 * second)
    #expect(timeline.time(at: at(41)) == 11 * second)
  }

  @Test func aClientThatIsTooSlowLosesNothing() {
    var timeline = PlaybackTimeline(start: 0, end: 20 * second, now: at(0))
    timeline.stalled(at: 2 * second, now: at(9))
    #expect(timeline.time(at: at(10)) == 3 * second)
  }
}
