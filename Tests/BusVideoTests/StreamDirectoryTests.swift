import BusMessages
import BusVideo
import MediaModel
import NIOCore
import Testing

@Suite struct StreamDirectoryTests {
  private static func at(_ seconds: Double) -> HostTime { HostTime(nanos: Int64(seconds * 1e9)) }

  private func announcement(_ node: String, _ streams: [(String, String)]) -> StreamAnnouncement {
    StreamAnnouncement(timestamp: 0, node: node, streams: streams.map { .init(name: $0.0, epoch: $0.1) })
  }

  private func names(_ directory: StreamDirectory, at seconds: Double) -> [String] {
    directory.streams(at: Self.at(seconds)).values.map { "\($0.name)@\($0.node)" }.sorted()
  }

  @Test func announcementsHoldUntilTheyAreNotRepeated() {
    var directory = StreamDirectory(ownNode: "b", life: .seconds(10))
    directory.take(announcement("a", [("drone", "1"), ("cam", "1")]), at: Self.at(0))
    #expect(names(directory, at: 9.9) == ["cam@a", "drone@a"])
    #expect(names(directory, at: 10) == [])
    directory.take(announcement("a", [("cam", "1")]), at: Self.at(9))
    #expect(names(directory, at: 18) == ["cam@a"])
    directory.take(announcement("a", []), at: Self.at(18))
    #expect(names(directory, at: 18) == [])
  }

  @Test func ownAnnouncementsDoNotCount() {
    var directory = StreamDirectory(ownNode: "b", life: .seconds(10))
    directory.take(announcement("b", [("drone", "1")]), at: Self.at(0))
    #expect(names(directory, at: 1) == [])
  }

  @Test func newestPublisherIsNamed() {
    var directory = StreamDirectory(ownNode: "b", life: .seconds(10))
    directory.take(announcement("a", [("drone", "7")]), at: Self.at(0))
    directory.take(announcement("c", [("drone", "12")]), at: Self.at(0))
    #expect(names(directory, at: 1) == ["drone@c"])
  }

  @Test func whatCannotBeAStreamIsSkipped() {
    var directory = StreamDirectory(ownNode: "b", life: .seconds(10))
    directory.take(announcement("a", [("../x", "1"), ("ok", "-1"), ("cam", "1")]), at: Self.at(0))
    #expect(names(directory, at: 1) == ["cam@a"])
  }

  @Test func serversAreBounded() {
    var directory = StreamDirectory(ownNode: "b", life: .seconds(10))
    for node in 0...StreamDirectory.limits.nodes {
      directory.take(announcement("n\(node)", [("s\(node)", "1")]), at: Self.at(0))
    }
    #expect(directory.streams(at: Self.at(1)).count == StreamDirectory.limits.nodes)
  }

  @Test func bodyIsJSON() throws {
    let announcement = announcement("a", [("drone", "18446744073709551615")])
    let body = try announcement.encoded()
    #expect(
      body.getString(at: 0, length: body.readableBytes)
        == #"{"node":"a","streams":[{"epoch":"18446744073709551615","name":"drone"}],"timestamp":0,"#
        + #""type":"stream_announcement"}"#)
    #expect(try StreamAnnouncement(body) == announcement)
  }
}
