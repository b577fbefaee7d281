import Access
import Testing

@Suite struct TokenTests {
  @Test func randomTokensAreLongURLSafeAndDifferent() throws {
    let secrets = (0..<100).map { _ in Token.random().secret }
    #expect(Set(secrets).count == 100)
    for secret in secrets {
      #expect(secret.count == 22)
      #expect(Token(secret)?.secret == secret)
    }
  }

  /// All 128 bits must reach the text.
  @Test func everyBitCounts() {
    struct OneBit: RandomNumberGenerator {
      var words: [UInt64]
      mutating func next() -> UInt64 { words.removeFirst() }
    }
    var seen: Set<String> = []
    for bit in 0..<128 {
      var generator = OneBit(words: [bit < 64 ? 1 << bit : 0, bit < 64 ? 0 : 1 << (bit - 64)])
      seen.insert(Token.random(using: &generator).secret)
    }
    #expect(seen.count == 128)
  }

  @Test(arguments: [
    "", "short", "has space in it, long", "quote\"quote\"quote", "ümlautümlautümlaut", "slash/slash/slash/",
  ])
  func refusesWhatDoesNotFitAQuery(text: String) {
    #expect(Token(text) == nil)
  }

  @Test func printingHidesTheSecret() throws {
    let token = try #require(Token("abcdefghijklmnopqrstuv"))
    #expect("\(token)" == "abcd…")
    #expect(String(reflecting: token) == "abcd…")
    #expect(token.matches("abcdefghijklmnopqrstuv"))
    #expect(!token.matches("abcdefghijklmnopqrstu"))
    #expect(!token.matches(""))
  }
}
