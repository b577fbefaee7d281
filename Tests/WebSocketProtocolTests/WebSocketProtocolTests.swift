import NIOCore
import Testing
import WebSocketProtocol

@Suite struct WebSocketProtocolTests {
  @Test func acceptMatchesTheExampleOfRFC6455() {
    #expect(WebSocketHandshake.accept(key: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
  }

  @Test(arguments: [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10), (5_000_000, 10)])
  func headerTakesTheShortestForm(payload: Int, header: Int) {
    var buffer = ByteBuffer()
    WebSocketFraming.writeHeader(.binary, payloadBytes: payload, into: &buffer)
    #expect(buffer.readableBytes == header)
    #expect(buffer.readInteger(as: UInt8.self) == 0x82)
    let short = buffer.readInteger(as: UInt8.self)
    switch header {
    case 2: #expect(short == UInt8(payload))
    case 4: #expect(short == 126 && buffer.readInteger(as: UInt16.self) == UInt16(payload))
    default: #expect(short == 127 && buffer.readInteger(as: UInt64.self) == UInt64(payload))
    }
  }
}
