import MediaModel
import NIOCore
import RTSP
import Testing

@Suite struct RTSPSessionTests {
  /// A session with a script of requests, at whole seconds.
  private struct Script {
    var session: RTSPSession
    var sequence = 0

    init(credentials: RTSPCredentials = .open, allowsUDP: Bool = true) {
      var configuration = RTSPSessionConfiguration(
        authenticator: RTSPAuthenticator(
          credentials: credentials, realm: "WorldSystem", secret: [UInt8](repeating: 1, count: 32)))
      configuration.allowsUDP = allowsUDP
      session = RTSPSession(
        configuration: configuration, makeIdentifier: { 0xABCD }, startedAt: HostTime(nanos: 0))
    }

    mutating func send(
      _ method: RTSPMethod, _ uri: String = "rtsp://h/drone", _ headers: RTSPHeaders = [:], body: String = "",
      at second: Int64 = 0
    ) -> RTSPEffects {
      sequence += 1
      var all = headers
      all["CSeq"] = "\(sequence)"
      let request = RTSPRequest(method, uri, headers: all, body: ByteBuffer(string: body))
      return session.received(request, at: HostTime(nanos: second * 1_000_000_000))
    }

    /// SETUP in the RTSP connection.
    mutating func setUp(at second: Int64 = 0) -> RTSPEffects {
      send(.setup, "rtsp://h/drone/trackID=0", ["Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"], at: second)
    }

    /// SETUP and PLAY over UDP.
    mutating func playOverUDP() {
      _ = send(.setup, "rtsp://h/drone/trackID=0", ["Transport": "RTP/AVP;unicast;client_port=5000-5001"])
      _ = session.portsOpened(.init(rtp: 30_000, rtcp: 30_001), at: HostTime(nanos: 0))
      _ = send(.play, "rtsp://h/drone", ["Session": "abcdabcd"])
      _ = session.playStarted(firstSequence: 1, firstTimestamp: nil, at: HostTime(nanos: 0))
    }

    mutating func announce(_ media: String = Script.video) -> RTSPEffects {
      send(.announce, body: "v=0\r\n" + media)
    }

    static let video = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:streamid=0\r\n"
    static let audio = "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/48000/2\r\na=control:streamid=0\r\n"
  }

  // MARK: Playing

  @Test func playsAsFFmpegAsks() {
    var script = Script()
    let options = script.send(.options)
    #expect(options.reply?.status == .ok && options.reply?.headers["Public"]?.contains("GET_PARAMETER") == true)

    let describe = script.send(.describe, "rtsp://h/drone", ["Accept": "application/sdp"])
    #expect(describe.describe == .default && describe.reply == nil && script.session.isAwaiting)
    let format = H264MediaFormat(payloadType: 96, parameterSets: [ByteBuffer(bytes: [0x67, 1])])
    let described = script.session.described(.found(format), at: HostTime(nanos: 0))
    #expect(described.reply?.headers["Content-Base"] == "rtsp://h/drone/" && !script.session.isAwaiting)
    #expect(described.reply?.headers["CSeq"] == "2")
    #expect(described.reply.map { String(buffer: $0.body).contains("a=control:trackID=0\r\n") } == true)

    let setup = script.setUp()
    #expect(setup.reply?.headers["Session"] == "abcdabcd;timeout=60")
    #expect(setup.reply?.headers["Transport"] == "RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=0000ABCD")

    let play = script.send(.play, "rtsp://h/drone/", ["Session": "abcdabcd", "Range": "npt=0.000-"])
    #expect(
      play.startPlaying
        == .init(stream: .default, transport: .interleaved(channels: .init(rtp: 0, rtcp: 1)), ssrc: 0xABCD))
    let started = script.session.playStarted(firstSequence: 7, firstTimestamp: 99, at: HostTime(nanos: 0))
    #expect(started.reply?.headers["RTP-Info"] == "url=rtsp://h/drone/trackID=0;seq=7;rtptime=99")
    #expect(started.reply?.headers["Range"] == "npt=now-")

    let teardown = script.send(.teardown, "rtsp://h/drone/", ["Session": "abcdabcd"])
    #expect(teardown.releaseMedia && teardown.reply?.status == .ok && teardown.close == nil)
    #expect(script.send(.play, "rtsp://h/drone", ["Session": "abcdabcd"]).reply?.status == .sessionNotFound)
  }

  @Test func rtpInfoLeavesOutAnUnknownTime() {
    var script = Script()
    _ = script.setUp()
    _ = script.send(.play)
    let started = script.session.playStarted(firstSequence: 7, firstTimestamp: nil, at: HostTime(nanos: 0))
    #expect(started.reply?.headers["RTP-Info"] == "url=rtsp://h/drone/trackID=0;seq=7")
  }

  @Test(arguments: [(RTSPDescribeResult.notFound, 404), (.notReady, 503)])
  func describeSaysWhyThereIsNoVideo(result: RTSPDescribeResult, status: Int) {
    var script = Script()
    _ = script.send(.describe)
    #expect(script.session.described(result, at: HostTime(nanos: 0)).reply?.status.code == status)
  }

  @Test func udpGetsPortsOfBothSides() {
    var script = Script()
    let setup = script.send(
      .setup, "rtsp://h/drone/trackID=0", ["Transport": "RTP/AVP;unicast;client_port=5000-5001"])
    #expect(setup.openPorts == .init(track: 0, clientPorts: .init(rtp: 5_000, rtcp: 5_001)) && setup.reply == nil)
    let opened = script.session.portsOpened(.init(rtp: 30_000, rtcp: 30_001), at: HostTime(nanos: 0))
    #expect(
      opened.reply?.headers["Transport"]
        == "RTP/AVP;unicast;client_port=5000-5001;server_port=30000-30001;ssrc=0000ABCD")
  }

  @Test func noPortsLeftIsSaid() {
    var script = Script()
    _ = script.send(.setup, "rtsp://h/drone/trackID=0", ["Transport": "RTP/AVP;unicast;client_port=5000-5001"])
    #expect(script.session.portsOpened(nil, at: HostTime(nanos: 0)).reply?.status == .notEnoughBandwidth)
    #expect(script.setUp().reply?.status == .ok)
  }

  @Test(
    arguments: [
      ("RTP/AVP;multicast", 461), ("RTP/SAVP;unicast;client_port=1-2", 461), ("", 461), ("RTP/AVP;unicast", 461),
      ("RTP/AVP/TCP;interleaved=1-1", 461),
      ("RTP/AVP;multicast,RTP/AVP/TCP;unicast;interleaved=0-1", 200), ("RTP/AVP/TCP;unicast", 200),
    ])
  func setupTakesTheFirstTransportItHas(transport: String, status: Int) {
    var script = Script()
    #expect(script.send(.setup, "rtsp://h/drone/trackID=0", ["Transport": transport]).reply?.status.code == status)
  }

  @Test func clientsFallBackToTCPWhereUDPIsOff() {
    var script = Script(allowsUDP: false)
    let both = "RTP/AVP;unicast;client_port=5000-5001,RTP/AVP/TCP;unicast;interleaved=0-1"
    let setup = script.send(.setup, "rtsp://h/drone/trackID=0", ["Transport": both])
    #expect(setup.reply?.headers["Transport"]?.hasPrefix("RTP/AVP/TCP") == true)
  }

  @Test func pauseAndPlayAgain() {
    var script = Script()
    _ = script.setUp()
    _ = script.send(.play)
    _ = script.session.playStarted(firstSequence: 1, firstTimestamp: nil, at: HostTime(nanos: 0))
    let pause = script.send(.pause)
    #expect(pause.pauseMedia && !pause.releaseMedia && pause.reply?.status == .ok)
    #expect(script.send(.play).startPlaying != nil)
  }

  // MARK: Methods by state

  @Test(
    arguments: [
      (RTSPMethod.play, 455), (.pause, 455), (.record, 455), (.teardown, 454), (.getParameter, 200),
      (.setParameter, 200), (.options, 200), (.other("REDIRECT"), 501),
    ])
  func methodsWithoutSession(method: RTSPMethod, status: Int) {
    var script = Script()
    #expect(script.send(method).reply?.status.code == status)
  }

  @Test(arguments: [RTSPMethod.play, .pause, .record, .teardown, .getParameter, .setup])
  func unknownSessionsAreRefused(method: RTSPMethod) {
    var script = Script()
    #expect(script.send(method, "rtsp://h/drone", ["Session": "nope"]).reply?.status == .sessionNotFound)
    _ = script.setUp()
    #expect(script.send(method, "rtsp://h/drone", ["Session": "nope"]).reply?.status == .sessionNotFound)
  }

  @Test func methodsWhilePlaying() {
    var script = Script()
    _ = script.setUp()
    _ = script.send(.play)
    _ = script.session.playStarted(firstSequence: 1, firstTimestamp: nil, at: HostTime(nanos: 0))
    #expect(script.setUp().reply?.status == .methodNotValidInThisState)
    #expect(script.send(.record).reply?.status == .methodNotValidInThisState)
    #expect(script.announce().reply?.status == .methodNotValidInThisState)
    // Seeks and keep-alives.
    #expect(script.send(.play).reply?.status == .ok)
    #expect(script.send(.getParameter).reply?.headers["Session"] == "abcdabcd;timeout=60")
    #expect(script.send(.getParameter, body: "position\r\n").reply?.status == .parameterNotUnderstood)
    #expect(script.send(.options, "*").reply?.status == .ok)
    #expect(script.send(.getParameter, "*", ["Session": "abcdabcd;timeout=60"]).reply?.status == .ok)
  }

  @Test func badRequests() {
    var script = Script()
    let noSequence = script.session.received(RTSPRequest(.options, "*"), at: HostTime(nanos: 0))
    #expect(noSequence.reply?.status == .badRequest)
    #expect(script.send(.setup).reply?.status == .badRequest)
    let required = script.send(.play, "rtsp://h/drone", ["Require": "funky-feature"])
    #expect(required.reply?.status == .optionNotSupported && required.reply?.headers["Unsupported"] == "funky-feature")
    #expect(script.send(.describe, "rtsp://h/a/b/c").reply?.status == .notFound)
    #expect(script.send(.describe, "rtsp://h/drone", ["Accept": "text/html"]).reply?.status == .notAcceptable)
    #expect(
      script.send(.setup, "rtsp://h/drone/trackID=1", ["Transport": "RTP/AVP/TCP"]).reply?.status == .notFound)
  }

  @Test func anotherStreamInTheSameSessionIsRefused() {
    var script = Script()
    _ = script.setUp()
    let other = script.send(.setup, "rtsp://h/other/trackID=0", ["Transport": "RTP/AVP/TCP"])
    #expect(other.reply?.status == .aggregateOperationNotAllowed)
  }

  @Test func brokenBytesEndTheConnection() {
    var script = Script()
    let effects = script.session.failed(.unsupportedVersion("HTTP/1.1"))
    #expect(effects.reply?.status.code == 505)
    #expect(effects.close == .protocolError(.unsupportedVersion("HTTP/1.1")))
    #expect(script.send(.options) == RTSPEffects() && script.session.nextDeadline == nil)
  }

  // MARK: Recording

  @Test func recordsAsFFmpegPublishes() {
    var script = Script()
    #expect(
      script.announce(Script.audio + Script.video.replacing("streamid=0", with: "streamid=1")).reply?.status == .ok)
    let audio = script.send(
      .setup, "rtsp://h/drone/streamid=0", ["Transport": "RTP/AVP/TCP;unicast;interleaved=0-1;mode=record"])
    #expect(audio.reply?.status == .ok)
    #expect(script.send(.record).reply?.status == .methodNotValidInThisState)
    let video = script.send(
      .setup, "rtsp://h/drone/streamid=1",
      ["Transport": "RTP/AVP/TCP;unicast;interleaved=2-3;mode=record", "Session": "abcdabcd"])
    #expect(video.reply?.headers["Transport"] == "RTP/AVP/TCP;unicast;interleaved=2-3;mode=record")
    let record = script.send(.record, "rtsp://h/drone", ["Session": "abcdabcd", "Range": "npt=0.000-"])
    #expect(record.startRecording?.stream == .default)
    #expect(record.startRecording?.transport == .interleaved(channels: .init(rtp: 2, rtcp: 3)))
    #expect(script.session.recordStarted(at: HostTime(nanos: 0)).reply?.status == .ok)
    #expect(script.send(.teardown).releaseMedia)
  }

  @Test func channelsOfTwoTracksMayNotOverlap() {
    var script = Script()
    _ = script.announce(Script.audio + Script.video.replacing("streamid=0", with: "streamid=1"))
    _ = script.send(.setup, "rtsp://h/drone/streamid=0", ["Transport": "RTP/AVP/TCP;interleaved=0-1"])
    let same = script.send(.setup, "rtsp://h/drone/streamid=1", ["Transport": "RTP/AVP/TCP;interleaved=1-2"])
    #expect(same.reply?.status == .unsupportedTransport)
    let free = script.send(.setup, "rtsp://h/drone/streamid=1", ["Transport": "RTP/AVP/TCP;unicast"])
    #expect(free.reply?.headers["Transport"]?.contains("interleaved=2-3") == true)
  }

  @Test(
    arguments: [
      ("rtsp://h/drone/streamid=0", "streamid=0"), ("rtsp://h/drone/stream=0", "stream=0"),
      ("rtsp://h/drone", ""), ("rtsp://h/drone/video", "rtsp://h/drone/video"), ("rtsp://h/drone/trackID=0", "*"),
    ])
  func announcedTracksAreFoundByTheirControl(uri: String, control: String) {
    var script = Script()
    _ = script.announce(Script.video.replacing("streamid=0", with: control))
    let status = script.send(.setup, uri, ["Transport": "RTP/AVP/TCP;interleaved=0-1"]).reply?.status
    // Two path components that name no track are no stream of ours, whatever was announced.
    #expect(status == (uri.hasSuffix("video") ? .notFound : .ok))
  }

  @Test func takenStreamIsRefusedWithItsReason() {
    var script = Script()
    _ = script.announce()
    _ = script.send(.setup, "rtsp://h/drone/streamid=0", ["Transport": "RTP/AVP/TCP;interleaved=0-1"])
    _ = script.send(.record)
    let refused = script.session.recordRefused(RTSPStatus(code: 403, reason: "taken"), at: HostTime(nanos: 0))
    #expect(refused.reply?.status == RTSPStatus(code: 403, reason: "taken"))
    #expect(script.send(.record).startRecording != nil)
  }

  @Test(
    arguments: [
      ("v=1\r\n", 400), ("v=0\r\n", 415), ("v=0\r\n" + Script.audio, 415),
      ("v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\n", 415),
    ])
  func announcementsWithoutH264AreRefused(body: String, status: Int) {
    var script = Script()
    #expect(script.send(.announce, body: body).reply?.status.code == status)
  }

  // MARK: Time

  @Test func idleConnectionsEnd() {
    var script = Script()
    #expect(script.session.nextDeadline == HostTime(nanos: 60_000_000_000))
    #expect(script.session.deadlineReached(at: HostTime(nanos: 59_999_999_999)) == RTSPEffects())
    let effects = script.session.deadlineReached(at: HostTime(nanos: 60_000_000_000))
    #expect(effects.close == .timedOut && !effects.releaseMedia)
  }

  @Test func requestsKeepASessionAlive() {
    var script = Script()
    script.playOverUDP()
    #expect(script.send(.getParameter, at: 50).reply?.status == .ok)
    #expect(script.session.nextDeadline == HostTime(nanos: 110_000_000_000))
  }

  @Test func receiverReportsKeepAUDPSessionAlive() {
    var script = Script()
    script.playOverUDP()
    script.session.mediaReceived(at: HostTime(nanos: 30_000_000_000))
    #expect(script.session.deadlineReached(at: HostTime(nanos: 89_000_000_000)) == RTSPEffects())
    let effects = script.session.deadlineReached(at: HostTime(nanos: 90_000_000_000))
    #expect(effects.close == .timedOut && effects.releaseMedia)
  }

  @Test func playersInTheConnectionLiveAsLongAsIt() {
    var script = Script()
    _ = script.setUp()
    #expect(script.session.nextDeadline != nil)
    _ = script.send(.play)
    _ = script.session.playStarted(firstSequence: 1, firstTimestamp: nil, at: HostTime(nanos: 0))
    #expect(script.session.nextDeadline == nil)
  }

  // MARK: Credentials

  private let locked = RTSPCredentials(view: ["watch"], publish: ["send"])
  private let watch: RTSPHeaders = ["Authorization": "Basic eDp3YXRjaA=="]
  private let send: RTSPHeaders = ["Authorization": "Basic eDpzZW5k"]

  @Test func everythingButOptionsNeedsCredentials() {
    for method in RTSPMethod.known where method != .options {
      var script = Script(credentials: locked)
      let effects = script.send(method, "rtsp://h/drone", ["Transport": "RTP/AVP/TCP"])
      #expect(effects.reply?.status == .unauthorized && effects.describe == nil && effects.close == nil)
      #expect(effects.reply?.headers.all("WWW-Authenticate").count == 3)
    }
    var script = Script(credentials: locked)
    #expect(script.send(.options).reply?.status == .ok)
  }

  @Test func viewersMayNotPublish() {
    var script = Script(credentials: locked)
    #expect(script.send(.describe, "rtsp://h/drone", watch).describe == .default)
    _ = script.session.described(.notFound, at: HostTime(nanos: 0))
    #expect(script.send(.announce, "rtsp://h/drone", watch, body: "v=0\r\n").reply?.status == .unauthorized)
  }

  @Test func publishersMayNotView() {
    var script = Script(credentials: locked)
    #expect(script.send(.announce, "rtsp://h/drone", send, body: "v=0\r\n" + Script.video).reply?.status == .ok)
    let setup = script.send(.setup, "rtsp://h/drone/streamid=0", ["Transport": "RTP/AVP/TCP;interleaved=0-1"])
    #expect(setup.reply?.status == .ok)
    _ = script.send(.teardown)
    #expect(script.send(.describe, "rtsp://h/drone", send).reply?.status == .unauthorized)
  }

  @Test func guessingEndsTheConnection() {
    var script = Script(credentials: locked)
    for attempt in 1...5 {
      let effects = script.send(.describe, "rtsp://h/drone", ["Authorization": "Basic eDpndWVzcw=="])
      #expect(effects.reply?.status == .unauthorized)
      #expect(effects.close == (attempt == 5 ? .tooManyRefusals : nil))
    }
  }
}
