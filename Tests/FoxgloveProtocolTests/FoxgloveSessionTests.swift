import FoxgloveProtocol
import NIOCore
import Testing

@Suite struct FoxgloveSessionTests {
  private static let channels = [
    FoxgloveChannel(id: 1, topic: "/a", schemaName: "x.A", schema: ByteBuffer(bytes: [1, 2, 3])),
    FoxgloveChannel(id: 2, topic: "/b", schemaName: "x.B", schema: ByteBuffer()),
  ]

  private func opened(playback: FoxgloveServerInfo.PlaybackRange? = nil) -> (FoxgloveSession, [String]) {
    var session = FoxgloveSession(
      FoxgloveServerInfo(name: "n", sessionID: "s", metadata: ["k": "v"], playback: playback))
    let texts = session.opened(with: Self.channels).map { String(buffer: $0) }
    return (session, texts)
  }

  private func text(_ effects: FoxgloveSession.Effects) -> [String] { effects.replies.map { String(buffer: $0) } }

  @Test func tellsWhatThereIs() {
    let (_, texts) = opened()
    #expect(
      texts == [
        #"{"capabilities":[],"metadata":{"k":"v"},"name":"n","op":"serverInfo","sessionId":"s"}"#,
        #"{"channels":[{"encoding":"protobuf","id":1,"schema":"AQID","schemaEncoding":"protobuf","schemaName":"x.A","#
          + #""topic":"/a"},{"encoding":"protobuf","id":2,"schema":"","schemaEncoding":"protobuf","schemaName":"x.B","#
          + #""topic":"/b"}],"op":"advertise"}"#,
      ])
  }

  @Test func tellsOfPlayback() {
    let (_, texts) = opened(playback: .init(start: 1_500_000_000, end: 9_000_000_001))
    #expect(
      texts[0] == #"{"capabilities":["playbackControl"],"dataEndTime":{"nsec":1,"sec":9},"#
        + #""dataStartTime":{"nsec":500000000,"sec":1},"metadata":{"k":"v"},"name":"n","op":"serverInfo","sessionId":"s"}"#
    )
  }

  @Test func keepsSubscriptions() {
    var (session, _) = opened()
    var effects = session.received(
      text: ByteBuffer(string: #"{"op":"subscribe","subscriptions":[{"id":7,"channelId":1},{"id":8,"channelId":2}]}"#))
    #expect(effects.subscribed == [1, 2])
    #expect(effects.replies.isEmpty)
    #expect(session.subscription(to: 1) == 7)
    effects = session.received(text: ByteBuffer(string: #"{"op":"unsubscribe","subscriptionIds":[7,77]}"#))
    #expect(effects.unsubscribed == [1])
    #expect(session.subscription(to: 1) == nil)
    #expect(session.subscription(to: 2) == 8)
    #expect(session.unadvertise([2, 9]).map { String(buffer: $0) } == [#"{"channelIds":[2],"op":"unadvertise"}"#])
    #expect(session.subscription(to: 2) == nil)
  }

  /// The words are those of Foxglove's own server, but for what its JSON library says.
  @Test(arguments: [
    (#"{"op":"subscribe","subscriptions":[{"id":7,"channelId":99}]}"#, 2, "Unknown channel ID: 99"),
    (
      #"{"op":"subscribe","subscriptions":[{"id":8,"channelId":1},{"id":9,"channelId":1}]}"#, 1,
      "Client is already subscribed to channel: 1; ignoring subscription"
    ),
    (
      #"{"op":"subscribe","subscriptions":[{"id":8,"channelId":1},{"id":8,"channelId":2}]}"#, 2,
      "Subscription ID 8 is in use"
    ),
    (#"{"op":"getParameters","parameterNames":[]}"#, 2, "Server does not support parameters capability"),
    (#"{"op":"advertise","channels":[]}"#, 2, "Server does not support clientPublish capability"),
    (#"{"op":"dance"}"#, 2, "Invalid message: unknown op 'dance'"),
    (#"{"op":"subscribe"}"#, 2, "Invalid message: missing field 'subscriptions'"),
    (
      #"{"op":"unsubscribe","subscriptionIds":["a"]}"#, 2,
      "Invalid message: wrong type of field 'subscriptionIds.Index 0'"
    ),
    (#"{"op":"unsubscribe","subscriptionIds":[-1]}"#, 2, "Invalid message: no JSON"),
    ("[]", 2, "Invalid message: expected an object"),
    ("garbage", 2, "Invalid message: no JSON"), ("", 2, "Invalid message: no JSON"),
  ])
  func saysWhatIsWrong(message: String, level: Int, reason: String) {
    var (session, _) = opened()
    let effects = session.received(text: ByteBuffer(string: message))
    #expect(text(effects) == [#"{"level":\#(level),"message":"\#(reason)","op":"status"}"#])
  }

  @Test func readsPlaybackRequests() {
    let (session, _) = opened(playback: .init(start: 0, end: 1))
    // As Foxglove's own server reads them: pause at half the speed, with and without a place to go to.
    let seeking = ByteBuffer(bytes: [3, 1, 0, 0, 0, 63, 1, 0x88, 0x13, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0] + "def".utf8)
    #expect(
      session.received(binary: seeking).playback
        == PlaybackRequest(isPlaying: false, speed: 0.5, seekTime: 5_000, id: "def"))
    let playing = ByteBuffer(bytes: [3, 0, 0, 0, 0, 63, 0, 0x88, 0x13, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    #expect(session.received(binary: playing).playback == PlaybackRequest(isPlaying: true, speed: 0.5, id: ""))
  }

  @Test func refusesBinaryGarbage() {
    let (session, _) = opened(playback: .init(start: 0, end: 1))
    let whole: [UInt8] = [3, 1, 0, 0, 0, 63, 1, 0x88, 0x13, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0] + "def".utf8
    #expect(session.received(binary: ByteBuffer()) == FoxgloveSession.Effects())
    for length in 1..<whole.count {
      let effects = session.received(binary: ByteBuffer(bytes: whole[..<length]))
      #expect(effects.playback == nil)
      #expect(text(effects) == [#"{"level":2,"message":"Invalid message: Buffer too short","op":"status"}"#])
    }
    #expect(
      text(session.received(binary: ByteBuffer(bytes: [9])))
        == [#"{"level":2,"message":"Invalid message: Unknown binary opcode 9","op":"status"}"#])
    // A length beyond the message, and speeds that are none.
    for bytes: [UInt8] in [
      [3, 0, 0, 0, 0, 63, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255],
      [3, 0, 0, 0, 192, 127, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
      [3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ] {
      #expect(session.received(binary: ByteBuffer(bytes: bytes)).playback == nil)
    }
  }

  @Test func refusesPlaybackOfWhatIsLive() {
    let (session, _) = opened()
    let playing = ByteBuffer(bytes: [3, 0, 0, 0, 0, 63, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    #expect(
      text(session.received(binary: playing))
        == [#"{"level":2,"message":"Server does not support playbackControl capability","op":"status"}"#])
  }

  /// Bytes that Foxglove's own server sent.
  @Test func writesPlaybackStateAndMessageHeader() {
    let state = PlaybackState(status: .playing, time: 123_456_789, speed: 2, didSeek: true, requestID: "def")
    #expect(
      Array(state.encoded.readableBytesView)
        == [5, 0, 0x15, 0xcd, 0x5b, 7, 0, 0, 0, 0, 0, 0, 0, 0x40, 1, 3, 0, 0, 0] + Array("def".utf8))
    var header = ByteBuffer()
    FoxgloveBinary.writeMessageHeader(subscription: 7, logTime: 0x4d, into: &header)
    #expect(Array(header.readableBytesView) == [1, 7, 0, 0, 0, 0x4d, 0, 0, 0, 0, 0, 0, 0])
    #expect(header.readableBytes == FoxgloveBinary.headerBytes)
  }
}
