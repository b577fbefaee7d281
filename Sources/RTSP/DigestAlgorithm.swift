import Crypto

/// The hash of a digest answer.
public enum DigestAlgorithm: Hashable, Sendable, CaseIterable {
  /// What every player has; broken as a hash, sound enough in this keyed use on a trusted network.
  case md5
  case sha256

  /// The algorithm of this name, in either case.
  init?(name: String) {
    guard let known = Self.allCases.first(where: { $0.name.equalsIgnoringCase(name) }) else { return nil }
    self = known
  }

  /// As in headers.
  public var name: String {
    switch self {
    case .md5: "MD5"
    case .sha256: "SHA-256"
    }
  }

  /// The hash of `text` in lower-case hexadecimal digits.
  public func hash(_ text: String) -> String {
    switch self {
    case .md5: Self.hexadecimal(Insecure.MD5.hash(data: Array(text.utf8)))
    case .sha256: Self.hexadecimal(SHA256.hash(data: Array(text.utf8)))
    }
  }

  /// The answer that a client which knows `password` gives (RFC 2617 §3.2.2.1, RFC 7616 §3.4.1).
  public func response(to digest: AuthorizationHeader.Digest, method: String, password: String) -> String {
    let secret = hash("\(digest.user):\(digest.realm):\(password)")
    let request = hash("\(method):\(digest.uri)")
    guard let protection = digest.protection else { return hash("\(secret):\(digest.nonce):\(request)") }
    return hash(
      "\(secret):\(digest.nonce):\(protection.nonceCount):\(protection.clientNonce):\(protection.quality):\(request)")
  }

  static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
