import RerunViewer
import Testing

@Suite struct RerunAddressTests {
  @Test(arguments: [
    ("127.0.0.1:9876", "127.0.0.1", 9_876), ("rerun+http://viewer.local:1/proxy", "viewer.local", 1),
    ("[::1]:9876", "::1", 9_876), ("rerun+http://[::1]:65535/proxy", "::1", 65_535),
  ])
  func addressesAreRead(text: String, host: String, port: Int) {
    #expect(RerunViewer.Address(text) == RerunViewer.Address(host: host, port: port))
  }

  @Test(arguments: [
    "", "9876", ":9876", "host", "host:0", "host:65536", "host:-1", "::1:9876", "http://host:9876",
    "rerun+https://host:9876/proxy", "rerun+http://host:9876", "rerun+http://host:9876/other", "user@host:1",
  ])
  func othersAreNone(text: String) { #expect(RerunViewer.Address(text) == nil) }

  @Test func addressesAreWrittenAsTheyAreRead() {
    for text in ["host:1", "[::1]:2"] { #expect(RerunViewer.Address(text)?.description == text) }
  }
}
