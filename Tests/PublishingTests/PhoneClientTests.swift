import CodedMedia
import FFmpeg
import Foundation
import H264
import MediaModel
import NIOCore
import PhoneProtocol
import Publishing
import Testing
import WebSocketTransport

@Suite struct PhoneClientTests {
  @Test func aServerUnderstandsThePackets() async throws {
    let path = try makeVideo(12)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let sink = CollectingSink()
    try await SourcePublisher(MediaLocation(path), pace: VirtualTime().pace(), logger: silentLogger).run(to: sink)
    var session = PublisherSession()
    var received: [CodedPicture] = []
    let config = session.text(VideoConfig(source: "simulator", isAligned: true).json)
    #expect(config.config?.isAligned == true)
    for packet in PhoneClient.parameterSetPackets(of: sink.pictures[0]) {
      #expect(session.binary(packet, at: HostTime(nanos: 1)).rejects.isEmpty)
    }
    for picture in sink.pictures {
      let effects = session.binary(PhoneClient.framePacket(of: picture), at: HostTime(nanos: 1))
      #expect(effects.rejects.isEmpty)
      received += effects.pictures
    }
    #expect(received == sink.pictures)
  }

  @Test func aServerThatIsAwayIsTriedAgainLaterAndLater() async throws {
    let time = VirtualTime()
    let client = PhoneClient(
      endpoint: try WebSocketEndpoint("ws://127.0.0.1:1/ws/video"), pace: time.pace(pausesAtMost: 6),
      logger: silentLogger)
    await #expect(throws: (any Error).self) { try await client.run { _ in Issue.record("nobody is there") } }
    #expect(time.pauses.map(\.seconds) == [2, 4, 8, 16, 30, 30])
  }

  @Test func withoutAConnectionPicturesAreLeftOut() async throws {
    let path = try makeVideo(3)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let client = PhoneClient(
      endpoint: try WebSocketEndpoint("ws://127.0.0.1:1/ws/video"), pace: VirtualTime().pace(), logger: silentLogger)
    try await SourcePublisher(MediaLocation(path), pace: VirtualTime().pace(), logger: silentLogger).run(to: client)
    #expect(client.counts.sent == 0 && client.counts.dropped == 3)
  }
}
