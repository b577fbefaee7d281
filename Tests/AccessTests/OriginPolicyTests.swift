import Access
import Testing

@Suite struct OriginPolicyTests {
  let open = OriginPolicy(checksHost: true)

  @Test(
    arguments: [
      (nil, "127.0.0.1:5001"), ("http://127.0.0.1:5001", "127.0.0.1:5001"), ("http://localhost:5001", "localhost:5001"),
      ("http://LOCALHOST:5001", "localhost:5001"), ("https://server", "server:443"), ("http://server:80", "server"),
      ("http://[::1]:5001", "[::1]:5001"), ("http://drone.local:5001", "drone.local:5001"), (nil, nil),
      (nil, "server:5001"),
    ] as [(String?, String?)])
  func ownPagesAndProgramsMayGoOn(origin: String?, host: String?) {
    #expect(open.refusal(origin: origin, host: host) == nil)
  }

  @Test(
    arguments: [
      ("http://evil.example.com", "127.0.0.1:5001"), ("http://127.0.0.1:5002", "127.0.0.1:5001"),
      ("null", "127.0.0.1:5001"), ("", "127.0.0.1:5001"), ("file://", "127.0.0.1:5001"),
      ("http://127.0.0.1:5001.evil.example.com", "127.0.0.1:5001"), ("http://127.0.0.1:5001", nil),
      ("http://localhost:5001", "127.0.0.1:5001"), ("https://127.0.0.1", "127.0.0.1:80"),
    ] as [(String, String?)])
  func pagesOfOtherSitesAreRefused(origin: String, host: String?) {
    #expect(open.refusal(origin: origin, host: host) == .foreignOrigin)
  }

  @Test func reboundNamesAreRefusedWhereNoTokenProtects() {
    #expect(open.refusal(origin: "http://evil.example.com:5001", host: "evil.example.com:5001") == .foreignHost)
    #expect(open.refusal(origin: nil, host: "evil.example.com:5001") == .foreignHost)
    #expect(open.refusal(origin: nil, host: "1.2.3.4.example.com") == .foreignHost)
    let named = OriginPolicy(allowedHosts: ["Drone.Example.com"], checksHost: true)
    #expect(named.refusal(origin: "http://drone.example.com:5001", host: "drone.example.com:5001") == nil)
    let protected = OriginPolicy(checksHost: false)
    #expect(protected.refusal(origin: "http://drone.example.com", host: "drone.example.com") == nil)
  }

  @Test func configuredOriginsMayGoOn() {
    let policy = OriginPolicy(allowedOrigins: ["https://Ops.example.com"], checksHost: false)
    #expect(policy.refusal(origin: "https://ops.example.com", host: "10.0.0.1:5001") == nil)
    #expect(policy.refusal(origin: "https://ops.example.com:8443", host: "10.0.0.1:5001") == .foreignOrigin)
    #expect(OriginPolicy(allowedOrigins: ["*"], checksHost: false).refusal(origin: "null", host: "x") == nil)
  }
}
