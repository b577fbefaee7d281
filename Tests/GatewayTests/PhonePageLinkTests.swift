import Gateway
import MediaModel
import Testing

struct PhonePageLinkTests {
  @Test func theTokenStandsWhereNoServerSeesIt() throws {
    let stream = try #require(StreamName("garden"))
    let link = PhonePageLink(origin: "https://192.168.1.5:5001", stream: stream, token: "secret-secret-00")
    #expect(link.url == "https://192.168.1.5:5001/phone?stream=garden#token=secret-secret-00")
    #expect(PhonePageLink(origin: "http://h:1", stream: stream, token: nil).url == "http://h:1/phone?stream=garden")
  }

  @Test(arguments: [
    ("https://192.168.1.5:5001", true, false), ("http://192.168.1.5:5001", false, false),
    ("http://127.0.0.1:5001", true, true), ("http://localhost:5001", true, true), ("http://[::1]:5001", true, true),
  ])
  func itKnowsWhatABrowserThinksOfIt(origin: String, givesCamera: Bool, isLoopback: Bool) {
    let link = PhonePageLink(origin: origin, stream: .default, token: nil)
    #expect(link.givesCamera == givesCamera)
    #expect(link.isLoopback == isLoopback)
  }

  @Test(arguments: [
    ("127.0.0.1:5001", ["192.168.1.5"], "https://192.168.1.5:5001"),
    ("localhost", ["192.168.1.5"], "https://192.168.1.5"),
    ("[::1]:5001", ["fd00::5"], "https://[fd00::5]:5001"),
    ("127.0.0.1:5001", [], "https://127.0.0.1:5001"),
    ("server.example:80", ["192.168.1.5"], "https://server.example:80"),
  ])
  func aPhoneIsToldAnAddressThatItReaches(authority: String, addresses: [String], expected: String) {
    #expect(PhonePageLink.origin(isEncrypted: true, authority: authority, addresses: addresses) == expected)
  }
}
