import CodedMedia
import Clocks
import H264
import Logging
import MediaModel
import NIOCore
import NIOEmbedded
import RTP
import RTSP
import RTSPServer
import Relay
import Synchronization
import TestSupport
import Testing

/// A client that talks to a connection without sockets.
private final class Client {
  let channel = EmbeddedChannel()
  let relay: Relay
  let monitor = RTSPMonitor()
  private var parser = RTSPParser()
  private var received = ByteBuffer()
  private var sequence = 0

  init(configuration: RTSPServerConfiguration = .init(), relay: Relay, logger: Logger) throws {
    self.relay = relay
    channel.remoteAddress = try SocketAddress(ipAddress: "127.0.0.1", port: 4_000)
    channel.localAddress = try SocketAddress(ipAddress: "127.0.0.1", port: 8_554)
    let context = RTSPServerContext(configuration: configuration, relay: relay, monitor: monitor, logger: logger)
    try channel.pipeline.syncOperations.addHandler(RTSPConnection(server: context))
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 8_554)).wait()
  }

  func send(_ method: RTSPMethod, _ uri: String, _ headers: RTSPHeaders = [:], body: String = "") throws {
    sequence += 1
    var all = headers
    all["CSeq"] = "\(sequence)"
    var buffer = ByteBuffer()
    RTSPRequest(method, uri, headers: all, body: ByteBuffer(string: body)).write(into: &buffer)
    try channel.writeInbound(buffer)
    channel.embeddedEventLoop.run()
  }

  /// What came back since the last call.
  func messages() throws -> [RTSPMessage] {
    while let buffer = try channel.readOutbound(as: ByteBuffer.self) { received.writeImmutableBuffer(buffer) }
    var messages: [RTSPMessage] = []
    while let message = try parser.next(&received) { messages.append(message) }
    return messages
  }

  func response() throws -> RTSPResponse? {
    for case .response(let response) in try messages() { return response }
    return nil
  }
}

@Suite struct RTSPConnectionTests {
  private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  private func client(_ configuration: RTSPServerConfiguration = .init(), logger: Logger? = nil) throws -> Client {
    try Client(configuration: configuration, relay: Relay(logger: self.logger), logger: logger ?? self.logger)
  }

  /// Takes the RTP packets on `channel` apart into access units.
  private func units(in messages: [RTSPMessage], channel wanted: UInt8) throws -> [H264Depacketizer.Unit] {
    var depacketizer = H264Depacketizer()
    var reorder = ReorderBuffer(capacity: 1, patience: .zero)
    var units: [H264Depacketizer.Unit] = []
    for case .interleaved(wanted, var payload) in messages {
      let header = try RTPHeader.read(from: &payload)
      var released: [ReorderBuffer.Released] = []
      reorder.insert(header, payload, at: HostTime(nanos: 0), into: &released)
      for packet in released { depacketizer.receive(packet, into: &units) }
    }
    return units
  }

  @Test func playsTheGroupOfPicturesAndWhatFollows() throws {
    let client = try client()
    var video = try SampleVideo()
    let lease = try client.relay.claim(.default, peer: "test") {}
    var pictures = [video.next(bytes: 20_000), video.next(), video.next()]
    for picture in pictures { lease.publish(picture, receivedAt: client.relay.clocks.host()) }

    try client.send(.describe, "rtsp://h/drone", ["Accept": "application/sdp"])
    let described = try #require(try client.response())
    let format = try #require(
      H264MediaFormat(try SessionDescription.parse(String(buffer: described.body)).media[0]))
    #expect(format.parameterSets == [video.parameterSets.sps] + video.parameterSets.pps)
    #expect(format.profileLevelID == "42c01f")

    try client.send(.setup, "rtsp://h/drone/trackID=0", ["Transport": "RTP/AVP/TCP;unicast;interleaved=4-5"])
    #expect(try client.response()?.status == .ok)
    try client.send(.play, "rtsp://h/drone")
    pictures.append(video.next())
    lease.publish(pictures[3], receivedAt: client.relay.clocks.host())
    client.channel.embeddedEventLoop.run()

    let messages = try client.messages()
    guard case .response(let play)? = messages.first else {
      Issue.record("the reply does not come first")
      return
    }
    // The sender report comes before the first packet, and says when the first picture was taken.
    guard case .interleaved(5, let control)? = messages.dropFirst().first,
      case .senderReport(let report)? = try RTCPPacket.parseCompound(control).first
    else {
      Issue.record("no sender report")
      return
    }
    let units = try units(in: messages, channel: 4)
    var first = video.parameterSets.annexB
    first.writeImmutableBuffer(pictures[0].bytes)
    #expect(units.map(\.bytes) == [first] + pictures.dropFirst().map(\.bytes))
    let info = try #require(play.headers["RTP-Info"])
    #expect(info.hasSuffix("rtptime=\(units[0].timestamp)"))
    let age = Int32(bitPattern: report.rtpTimestamp &- units[0].timestamp)
    #expect((0...90_000).contains(age))
    #expect(client.monitor.sessionCount == 1)
    _ = try client.channel.finish(acceptAlreadyClosed: true)
    #expect(client.monitor.sessionCount == 0)
  }

  @Test func describeWaitsForThePublisher() throws {
    let client = try client()
    try client.send(.describe, "rtsp://h/drone")
    #expect(try client.response() == nil)
    var video = try SampleVideo()
    let lease = try client.relay.claim(.default, peer: "test") {}
    lease.publish(video.next(), receivedAt: client.relay.clocks.host())
    client.channel.embeddedEventLoop.run()
    #expect(try client.response()?.status == .ok)
    _ = try client.channel.finish(acceptAlreadyClosed: true)
  }

  @Test(arguments: [true, false])
  func describeSaysWhyNothingCame(isPublished: Bool) throws {
    let client = try client()
    let lease = isPublished ? try client.relay.claim(.default, peer: "test") {} : nil
    try client.send(.describe, "rtsp://h/drone")
    // Requests sent ahead wait their turn.
    try client.send(.options, "*")
    client.channel.embeddedEventLoop.advanceTime(by: .seconds(4))
    let codes = try client.messages().compactMap { message -> Int? in
      if case .response(let response) = message { response.status.code } else { nil }
    }
    #expect(codes == [isPublished ? 503 : 404, 200])
    lease?.end()
    _ = try client.channel.finish(acceptAlreadyClosed: true)
  }

  @Test func recordsIntoTheRelay() throws {
    let client = try client()
    var video = try SampleVideo()
    let sets = ([video.parameterSets.sps] + video.parameterSets.pps)
    let media = H264MediaFormat(payloadType: 96, parameterSets: sets).media(control: "streamid=0")
    var description = SessionDescription()
    description.media = [media]
    try client.send(
      .announce, "rtsp://h/cam", ["Content-Type": "application/sdp"], body: description.serialized)
    try client.send(
      .setup, "rtsp://h/cam/streamid=0", ["Transport": "RTP/AVP/TCP;unicast;interleaved=0-1;mode=record"])
    try client.send(.record, "rtsp://h/cam")
    let codes = try client.messages().compactMap { message -> Int? in
      if case .response(let response) = message { response.status.code } else { nil }
    }
    #expect(codes == [200, 200, 200])
    let stream = try client.relay.stream(try #require(StreamName("cam")))
    #expect(stream.snapshot().isPublished)

    var packetizer = H264Packetizer(ssrc: 1, payloadType: 96, firstSequence: 0, maximumPacketBytes: 1_400)
    for index in 0..<3 {
      let picture = video.next(bytes: 5_000)
      for packet in packetizer.packetize(
        bytes: picture.bytes, nalUnits: picture.nalUnits, timestamp: UInt32(index) * 3_600,
        framing: .interleaved(channel: 0))
      {
        try client.channel.writeInbound(packet.joined(allocator: client.channel.allocator))
      }
    }
    #expect(
      stream.snapshot().framesRelayed == 3 && stream.parameterSets?.hasSameContent(as: video.parameterSets) == true)
    try client.send(.teardown, "rtsp://h/cam")
    #expect(!stream.snapshot().isPublished)
    _ = try client.channel.finish(acceptAlreadyClosed: true)
  }

  @Test func takenStreamsAreRefused() throws {
    let client = try client()
    let lease = try client.relay.claim(.default, peer: "test") {}
    let media = H264MediaFormat(payloadType: 96).media(control: "streamid=0")
    var description = SessionDescription()
    description.media = [media]
    try client.send(.announce, "rtsp://h/drone", body: description.serialized)
    try client.send(.setup, "rtsp://h/drone/streamid=0", ["Transport": "RTP/AVP/TCP;interleaved=0-1"])
    try client.send(.record, "rtsp://h/drone")
    let last = try client.messages().last
    guard case .response(let response)? = last else {
      Issue.record("no response")
      return
    }
    #expect(response.status == RTSPStatus(code: 403, reason: "Forbidden: stream drone already has a publisher"))
    lease.end()
    _ = try client.channel.finish(acceptAlreadyClosed: true)
  }

  @Test func brokenBytesAreAnsweredAndEndTheConnection() throws {
    let client = try client()
    try client.channel.writeInbound(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: h\r\n\r\n"))
    #expect(try client.response()?.status.code == 505)
    client.channel.embeddedEventLoop.run()
    #expect(!client.channel.isActive)
  }

  @Test func clientThatTakesNothingIsClosed() throws {
    let time = VirtualTime(Mutex(0))
    let relay = Relay(
      clocks: SystemClocks(
        host: { HostTime(nanos: time.now) }, wall: { WallTime(nanosSince1970: 1_800_000_000_000_000_000 + time.now) }),
      logger: logger)
    let client = try Client(relay: relay, logger: logger)
    var video = try SampleVideo()
    let lease = try relay.claim(.default, peer: "test") {}
    lease.publish(video.next(), receivedAt: relay.clocks.host())
    try client.send(.setup, "rtsp://h/drone/trackID=0", ["Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"])
    try client.send(.play, "rtsp://h/drone")
    client.channel.isWritable = false
    client.channel.pipeline.fireChannelWritabilityChanged()
    for _ in 0..<30 {
      #expect(client.channel.isActive)
      time.advance(1_000_000_000)
      client.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    }
    #expect(!client.channel.isActive && client.monitor.sessionCount == 0)
  }

  @Test func logsHoldNoCredentials() throws {
    let records = Mutex<[String]>([])
    let capturing = Logger(label: "test") { _ in RecordingLogHandler { text in records.withLock { $0.append(text) } } }
    var configuration = RTSPServerConfiguration()
    configuration.credentials = RTSPCredentials(view: ["secret-token-1"], publish: ["secret-token-1"])
    let client = try client(configuration, logger: capturing)
    let authorization: RTSPHeaders = ["Authorization": "Basic dTpzZWNyZXQtdG9rZW4tMQ=="]
    let url = "rtsp://u:secret-token-1@h/drone?token=secret-token-1"
    try client.send(.describe, url, authorization)
    try client.send(.setup, url, ["Transport": "RTP/AVP/TCP;interleaved=0-1"])
    try client.send(.play, url)
    try client.channel.writeInbound(ByteBuffer(string: "secret-token-1\r\n\r\n"))
    _ = try client.channel.finish(acceptAlreadyClosed: true)
    let all = records.withLock { $0 }
    #expect(!all.isEmpty && all.allSatisfy { !$0.contains("secret") && !$0.contains("dTpz") })
  }
}

/// A clock that a test moves.
private final class VirtualTime: Sendable {
  private let nanos: Mutex<Int64>

  init(_ nanos: consuming Mutex<Int64>) { self.nanos = nanos }

  var now: Int64 { nanos.withLock { $0 } }

  func advance(_ step: Int64) { nanos.withLock { $0 += step } }
}

/// Gives each record, metadata included, to a closure.
private struct RecordingLogHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.trace
  let record: @Sendable (String) -> Void

  init(record: @escaping @Sendable (String) -> Void) { self.record = record }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { record("\(event.message) \(event.metadata ?? [:])") }
}
