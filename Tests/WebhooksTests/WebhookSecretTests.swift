import Testing
import Webhooks

@Suite struct WebhookSecretTests {
  /// The example of Standard Webhooks, as its reference libraries test it.
  @Test func theStandardExampleHasItsSignature() throws {
    let secret = try WebhookSecret(text: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    let signature = secret.signature(
      id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330, body: #"{"test": 2432232314}"#.utf8)
    #expect(signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
  }

  @Test func eachKeySigns() throws {
    let first = "a key of at least 24 bytes", second = "another one that is as long"
    let both = try WebhookSecret(text: "# keys\n\(first)\n\n  \(second)  \n")
    let alone = try [first, second].map {
      try WebhookSecret(text: $0).signature(id: "1", timestamp: 2, body: "body".utf8)
    }
    #expect(both.signature(id: "1", timestamp: 2, body: "body".utf8) == alone.joined(separator: " "))
    #expect("\(both)" == "2 webhook keys")
  }

  @Test(arguments: [
    ("", 1), ("# none\n", 1), ("Tr0ub4dor", 1), ("\nwhsec_Tr0ub4dor?", 2), ("whsec_Tr0ub4dor===", 1),
  ])
  func badKeysAreRefusedWithoutSayingThem(_ text: String, _ line: Int) throws {
    let error = try #require(throws: WebhookError.self) { _ = try WebhookSecret(text: text) }
    guard case .secret(line, _) = error else {
      Issue.record("\(error) names another line than \(line)")
      return
    }
    #expect(!"\(error)".contains("Tr0ub4dor"))
  }
}
