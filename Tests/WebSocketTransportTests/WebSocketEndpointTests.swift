import Testing
import WebSocketTransport

@Suite struct WebSocketEndpointTests {
  @Test(arguments: [
    ("ws://host", "host", 80, "/", false), ("wss://host/ws/video", "host", 443, "/ws/video", true),
    ("ws://127.0.0.1:5001/ws/video?stream=a", "127.0.0.1", 5001, "/ws/video?stream=a", false),
    ("ws://[::1]:5001?x=1", "::1", 5001, "/?x=1", false), ("WS://Host:1/", "Host", 1, "/", false),
  ])
  func addressesAreRead(text: String, host: String, port: Int, target: String, tls: Bool) throws {
    let endpoint = try WebSocketEndpoint(text)
    #expect(endpoint.host == host)
    #expect(endpoint.port == port)
    #expect(endpoint.target == target)
    #expect(endpoint.usesTLS == tls)
  }

  @Test(arguments: [
    "http://host", "ws://", "ws://host:0", "ws://host:99999", "ws://host:x", "ws://u@host/", "", "ws://[::1",
  ])
  func othersAreRefusedByName(text: String) {
    #expect(throws: WebSocketError.invalidAddress(text)) { _ = try WebSocketEndpoint(text) }
  }

  @Test func descriptionHidesTheQuery() throws {
    #expect(try WebSocketEndpoint("ws://h:5001/ws/video?token=secret").description == "ws://h:5001/ws/video")
  }

  @Test func queryValuesAreEscaped() throws {
    let endpoint = try WebSocketEndpoint("ws://h").with(path: "/p", query: [("token", "a+b/c=&ü")])
    #expect(endpoint.target == "/p?token=a%2Bb%2Fc%3D%26%C3%BC")
  }
}
