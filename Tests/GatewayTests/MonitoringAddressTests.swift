import Gateway
import Testing

@Suite struct MonitoringAddressTests {
  @Test(arguments: [
    ("9101", "127.0.0.1", 9101), ("0.0.0.0:9101", "0.0.0.0", 9101), ("storage:0", "storage", 0),
    ("[::1]:65535", "::1", 65535),
  ])
  func addressIsRead(text: String, host: String, port: Int) throws {
    let address = try #require(MonitoringServer.Address(text))
    #expect(address == MonitoringServer.Address(host: host, port: port))
  }

  @Test(arguments: [
    "", "host", "host:", ":9101", "host:65536", "host:-1", "::1:9101", "http://host:9101", "a b:1", "[]:1",
  ])
  func nonsenseIsNotAnAddress(text: String) {
    #expect(MonitoringServer.Address(text) == nil)
  }
}
