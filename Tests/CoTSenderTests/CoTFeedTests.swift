import BusMessages
import CoTSender
import CursorOnTarget
import MediaModel
import NIOCore
import Testing

@Suite struct CoTFeedTests {
  private static let start: Int64 = 1_700_000_000_000_000_000

  private func message(_ stream: String, _ second: Int64, gps: String? = "\"latitude\":48,\"longitude\":11")
    -> BusMessage
  {
    let position = gps.map { ",\"gps\":{\($0)}" } ?? ""
    let text = "{\"type\":\"imu_data\",\"timestamp\":\(second)\(position)}"
    return BusMessage(
      topic: .imuData, body: ByteBuffer(string: text), contentType: BusMessage.json,
      headers: [
        BusHeader.stream: .text(stream), BusHeader.capturedAt: .text("\(Self.start + second * 1_000_000_000)"),
      ])
  }

  private func host(_ second: Double) -> HostTime { HostTime(nanos: Int64(second * 1e9)) }

  private func feed(streams: Int = 64) throws -> CoTFeed {
    var options = CoTSenderOptions(address: try #require(CoTAddress("udp://239.2.3.1:6969")))
    options.streams = streams
    return CoTFeed(options: options, node: "node")
  }

  @Test func theLatestPositionIsSentOnceAnInterval() throws {
    var feed = try feed()
    feed.take(message("drone", 1), at: host(0))
    let full = "\"latitude\":48.5,\"longitude\":11,\"altitude\":500,\"accuracy\":3,\"speed\":4,\"heading\":-1"
    feed.take(message("drone", 2, gps: full), at: host(0.1))
    let events = feed.due(at: host(0.2))
    #expect(events.map(\.uid) == ["worldsystem-node-drone"] && events.map(\.latitudeDegrees) == [48.5])
    #expect(events[0].heightMetres == 500 && events[0].courseDegrees == nil && events[0].speedMPerSec == 4)
    #expect(events[0].stale.since(events[0].time) == .seconds(10))
    feed.take(message("drone", 3), at: host(0.3))
    #expect(feed.due(at: host(1)).isEmpty)
    #expect(feed.due(at: host(1.2)).count == 1)
    // Nothing new: nothing to say.
    #expect(feed.due(at: host(5)).isEmpty)
  }

  @Test func whatHasNoPositionOrIsOlderIsLeftOut() throws {
    var feed = try feed()
    feed.take(message("drone", 1, gps: nil), at: host(0))
    feed.take(message("drone", 1, gps: "\"latitude\":99,\"longitude\":0"), at: host(0))
    #expect(feed.due(at: host(0)).isEmpty)
    feed.take(message("drone", 5), at: host(0))
    feed.take(message("drone", 4, gps: "\"latitude\":1,\"longitude\":1"), at: host(0))
    #expect(feed.due(at: host(0)).map(\.latitudeDegrees) == [48])
  }

  @Test func streamsAreBounded() throws {
    var feed = try feed(streams: 2)
    for stream in ["a", "b", "c"] { feed.take(message(stream, 1), at: host(0)) }
    #expect(feed.due(at: host(0)).map(\.callsign) == ["a", "b"] && feed.leftOut == 1)
    feed.take(message("c", 70), at: host(70))
    #expect(feed.due(at: host(70)).map(\.callsign) == ["c"])
  }
}
