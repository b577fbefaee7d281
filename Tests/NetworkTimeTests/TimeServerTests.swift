import NetworkTime
import Testing

@Suite struct TimeServerTests {
  @Test(arguments: [
    ("time.example", "time.example", 123, "time.example"),
    ("time.example:1123", "time.example", 1_123, "time.example:1123"),
    ("192.0.2.1:5", "192.0.2.1", 5, "192.0.2.1:5"),
    ("2001:db8::1", "2001:db8::1", 123, "[2001:db8::1]"),
    ("[2001:db8::1]", "2001:db8::1", 123, "[2001:db8::1]"),
    ("[2001:db8::1]:5", "2001:db8::1", 5, "[2001:db8::1]:5"),
  ]) func reads(text: String, host: String, port: Int, shown: String) {
    let server = TimeServer(text)
    #expect(server == TimeServer(host: host, port: port))
    #expect(server?.description == shown)
  }

  @Test(arguments: ["", ":123", "host:", "host:x", "host:0", "host:70000", "ntp://host", "two words", "[::1", "[::1]x"])
  func refuses(text: String) { #expect(TimeServer(text) == nil) }
}
