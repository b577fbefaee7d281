import NIOCore
import RTSP
import TestSupport
import Testing

@Suite struct RTSPParserTests {
  private static let announce = RTSPRequest(
    .announce, "rtsp://host/drone", headers: ["CSeq": "2", "Content-Type": "application/sdp"],
    body: ByteBuffer(string: "v=0\r\n\r\n"))

  private func parse(_ text: String, limits: RTSPLimits = RTSPLimits()) throws -> [RTSPMessage] {
    var parser = RTSPParser(limits: limits)
    var buffer = ByteBuffer(string: text)
    var messages: [RTSPMessage] = []
    while let message = try parser.next(&buffer) { messages.append(message) }
    return messages
  }

  @Test func messagesSurviveEverySplit() throws {
    var announce = Self.announce
    announce.headers.append("Content-Length", "7")
    var response = RTSPResponse(.ok, headers: ["CSeq": "2", "Content-Length": "2"], body: ByteBuffer(string: "ok"))
    response.headers.append("Session", "abc;timeout=60")
    let messages: [RTSPMessage] = [
      .interleaved(channel: 1, ByteBuffer(bytes: [0x80, 200, 0x0D, 0x0A, 0x24])), .request(announce),
      .interleaved(channel: 0, ByteBuffer()), .response(response),
      .request(RTSPRequest(.teardown, "*", headers: ["CSeq": "3"])),
    ]
    // Content-Length is written where the body is, so the headers are laid out by hand.
    var input = ByteBuffer()
    input.writeBytes([0x24, 1, 0, 5, 0x80, 200, 0x0D, 0x0A, 0x24])
    input.writeString(
      "ANNOUNCE rtsp://host/drone RTSP/1.0\r\nCSeq: 2\r\nContent-Type: application/sdp\r\nContent-Length: 7\r\n\r\n"
        + "v=0\r\n\r\n")
    input.writeBytes([0x24, 0, 0, 0])
    input.writeString("RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 2\r\nSession: abc;timeout=60\r\n\r\nok")
    input.writeString("TEARDOWN * RTSP/1.0\r\nCSeq: 3\r\n\r\n")
    try verifyParser(input, expecting: messages, makeParser: { RTSPParser() }) { parser, buffer in
      try parser.next(&buffer)
    }
  }

  @Test func readsWhatItWrites() throws {
    var buffer = ByteBuffer()
    RTSPMessage.request(Self.announce).write(into: &buffer)
    var parser = RTSPParser()
    guard case .request(let request) = try parser.next(&buffer) else {
      Issue.record("no request")
      return
    }
    #expect(request.method == .announce && request.uri == "rtsp://host/drone" && request.body == Self.announce.body)
    #expect(request.headers["content-length"] == "7" && request.headers["cseq"] == "2")
  }

  @Test func toleratesBareLineFeedsFoldingAndBlankLines() throws {
    let messages = try parse("\r\n\nOPTIONS * RTSP/1.0\nCSeq:1\nUser-Agent: a\n\tb\n\n\r\n")
    #expect(
      messages == [.request(RTSPRequest(.options, "*", headers: ["CSeq": "1", "User-Agent": "a b"]))])
  }

  @Test(
    arguments: [
      ("OPTIONS * RTSP/2.0\r\nCSeq: 1\r\n\r\n", RTSPError.unsupportedVersion("RTSP/2.0")),
      ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", .unsupportedVersion("HTTP/1.1")),
      ("hello\r\n\r\n", .invalidStartLine),
      ("OPTIONS *\r\n\r\n", .invalidStartLine),
      ("OP(TIONS * RTSP/1.0\r\n\r\n", .invalidStartLine),
      ("RTSP/1.0 abc OK\r\n\r\n", .invalidStartLine),
      ("OPTIONS * RTSP/1.0\r\nno colon\r\n\r\n", .invalidHeader),
      ("OPTIONS * RTSP/1.0\r\nbad name: 1\r\n\r\n", .invalidHeader),
      ("SET_PARAMETER * RTSP/1.0\r\nContent-Length: -1\r\n\r\n", .invalidContentLength),
      ("SET_PARAMETER * RTSP/1.0\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", .invalidContentLength),
      ("SET_PARAMETER * RTSP/1.0\r\nContent-Length: 65537\r\n\r\n", .bodyTooLarge(announced: 65_537, limit: 65_536)),
      (
        "SET_PARAMETER * RTSP/1.0\r\nContent-Length: 99999999999999999999\r\n\r\n",
        .bodyTooLarge(announced: .max, limit: 65_536)
      ),
    ])
  func namesWhatIsWrong(text: String, error: RTSPError) {
    #expect(throws: error) { try parse(text) }
  }

  @Test func headIsBoundedBeforeItsEnd() {
    var limits = RTSPLimits()
    limits.headBytes = 64
    #expect(throws: RTSPError.headTooLarge(limit: 64)) {
      try parse("OPTIONS * RTSP/1.0\r\nX: " + String(repeating: "a", count: 60), limits: limits)
    }
    limits = RTSPLimits()
    limits.headerCount = 2
    #expect(throws: RTSPError.headTooLarge(limit: 2)) {
      try parse("OPTIONS * RTSP/1.0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", limits: limits)
    }
    limits.interleavedBytes = 3
    #expect(throws: RTSPError.bodyTooLarge(announced: 4, limit: 3)) { try parse("$\u{0}\u{0}\u{4}", limits: limits) }
  }

  @Test func headersCannotSmuggleLines() {
    var buffer = ByteBuffer()
    RTSPResponse(
      .ok,
      headers: {
        var headers = RTSPHeaders(); headers.append("CSeq", "1\r\nX: y"); return headers
      }()
    )
    .write(into: &buffer)
    #expect(String(buffer: buffer) == "RTSP/1.0 200 OK\r\nCSeq: 1  X: y\r\n\r\n")
  }

  @Test func mutatedMessagesNeverTrap() {
    var buffer = ByteBuffer()
    RTSPMessage.request(Self.announce).write(into: &buffer)
    RTSPMessage.interleaved(channel: 0, ByteBuffer(bytes: [1, 2, 3])).write(into: &buffer)
    var messages = 0
    Mutation.forEach(of: [buffer], count: 2_000) { input in
      var parser = RTSPParser()
      var rest = input
      while let message = try? parser.next(&rest) {
        messages += 1
        if case .request(let request) = message {
          _ = RTSPURL(request.uri)
          _ = try? SessionDescription.parse(String(buffer: request.body))
        }
      }
      #expect(rest.readableBytes <= input.readableBytes)
    }
    // Most mutations break the head; a quarter leaves at least one message whole.
    #expect(messages > 300)
  }
}
