import Relay
import Gateway
import MediaModel
import Testing

@Suite struct StreamQueryTests {
  @Test func nothingAskedForGivesTheDefaults() throws {
    let query = try StreamQuery(target: "/ws/h264_stream")
    #expect(query.stream == .default)
    #expect(query.format == .annexb)
    #expect(query.policy == .decodable)
    #expect(query.deadline == nil)
    #expect(query.token == nil)
  }

  @Test func everythingIsRead() throws {
    let query = try StreamQuery(
      target: "/ws/h264_stream?stream=cam-2&format=fmp4&policy=latest&deadline=300ms&token=abc%2Bdef")
    #expect(query.stream.text == "cam-2")
    #expect(query.format == .fmp4)
    #expect(query.policy == .latest)
    #expect(query.deadline == .milliseconds(300))
    #expect(query.token == "abc+def")
    #expect(try !query.isReplay && StreamQuery(target: "/ws/video?replay=1").isReplay)
  }

  @Test(arguments: [
    ("stream=../x", "stream="), ("stream=", "stream="), ("format=avi", "annexb, packets, fmp4"),
    ("policy=all", "decodable, latest, lossless, keyframes"), ("deadline=300", "300ms"), ("deadline=0ms", "1ms"),
    ("deadline=-5ms", "1ms"), ("replay=yes", "0 or 1"), ("deadline=99999999999999999999ms", "60000ms"),
  ])
  func badValueIsNamedWithWhatIsAllowed(query: String, named: String) {
    let problem = #expect(throws: StreamQuery.Problem.self) { _ = try StreamQuery(target: "/ws/h264_stream?\(query)") }
    #expect(problem?.description.contains(named) == true)
  }
}
