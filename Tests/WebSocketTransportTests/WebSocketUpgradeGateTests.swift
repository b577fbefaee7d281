import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing
import WebSocketProtocol
import WebSocketTransport

private final class SilentRole: WebSocketRole {
  func opened(_ connection: WebSocketServerConnection) {}
  func received(_ message: WebSocketMessage) {}
  func closed() {}
}

@Suite struct WebSocketUpgradeGateTests {
  /// Sends a request through a gate that admits `/ws` only, and returns the head that came out.
  private func headBehindGate(uri: String, key: String? = "dGhlIHNhbXBsZSBub25jZQ==") throws -> HTTPRequestHead? {
    let upgrader = WebSocketServerUpgrader<Void>(
      admit: { head, _ in head.uri == "/ws" ? .accept(WebSocketLimits(), makeRole: { SilentRole() }) : .decline },
      result: { _ in })
    let channel = EmbeddedChannel(handler: upgrader.makeGate())
    var headers: HTTPHeaders = [
      "Host": "localhost", "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    ]
    if let key { headers.add(name: "Sec-WebSocket-Key", value: key) }
    let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: uri, headers: headers)
    try channel.writeInbound(HTTPServerRequestPart.head(head))
    let part = try channel.readInbound(as: HTTPServerRequestPart.self)
    #expect(throws: (any Error).self) { try channel.pipeline.syncOperations.handler(type: WebSocketUpgradeGate.self) }
    _ = try channel.finish()
    guard case .head(let passed) = part else { return nil }
    return passed
  }

  @Test func admittedRequestStaysAnUpgrade() throws {
    let head = try #require(try headBehindGate(uri: "/ws"))
    #expect(head.headers["Upgrade"] == ["websocket"])
  }

  @Test func declinedRequestBecomesAnOrdinaryOne() throws {
    let head = try #require(try headBehindGate(uri: "/elsewhere"))
    #expect(head.uri == "/elsewhere")
    #expect(head.headers["Upgrade"].isEmpty)
  }

  @Test func requestWithoutKeyBecomesAnOrdinaryOne() throws {
    let head = try #require(try headBehindGate(uri: "/ws", key: nil))
    #expect(head.headers["Upgrade"].isEmpty)
  }
}
