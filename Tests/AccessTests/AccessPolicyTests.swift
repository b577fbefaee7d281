import Access
import Testing

@Suite struct AccessPolicyTests {
  @Test(arguments: ["127.0.0.1", "127.1.2.3", "localhost", "::1", "[::1]", "LOCALHOST"])
  func loopbackIsOpenWithoutTokens(host: String) throws {
    let policy = try AccessPolicy(bindHost: host, tokens: nil, insecure: false)
    #expect(!policy.requiresToken)
    #expect(policy.decide(.control, presented: nil) == .granted)
  }

  @Test(arguments: ["0.0.0.0", "::", "192.168.1.5", "drone.example.com", "127.evil.example.com", "1270.0.0.1", ""])
  func anotherAddressNeedsTokens(host: String) {
    let error = #expect(throws: AccessError.self) { try AccessPolicy(bindHost: host, tokens: nil, insecure: false) }
    #expect(error == .openToNetwork(host: host))
  }

  @Test func insecureOpensEveryAddress() throws {
    #expect(try AccessPolicy(bindHost: "0.0.0.0", tokens: nil, insecure: true) == .open)
  }

  @Test func configuredTokensAreAskedForOnLoopbackToo() throws {
    #expect(try AccessPolicy(bindHost: "127.0.0.1", tokens: .random(), insecure: false).requiresToken)
  }

  @Test func decisions() throws {
    var tokens = TokenSet()
    tokens.add(try #require(Token("publish-publish-publish")), for: .publish)
    let policy = AccessPolicy.tokens(tokens)
    #expect(policy.decide(.publish, presented: "publish-publish-publish") == .granted)
    #expect(policy.decide(.view, presented: "publish-publish-publish") == .notPermitted(.view))
    #expect(policy.decide(.publish, presented: "publish-publish-publisH") == .tokenUnknown)
    #expect(policy.decide(.publish, presented: nil) == .tokenMissing)
    #expect(policy.decide(.publish, presented: "") == .tokenMissing)
  }

  @Test(
    arguments: [
      ("Bearer abc", nil, "abc"), ("bearer   abc", "q", "abc"), ("Basic abc", "q", "q"), (nil, "q", "q"),
      ("Bearer", "q", "q"), (nil, nil, nil),
    ] as [(String?, String?, String?)])
  func tokenOfARequest(authorization: String?, query: String?, token: String?) {
    #expect(AccessPolicy.presentedToken(authorization: authorization, query: query) == token)
  }
}
