import Crypto

/// A secret that grants a permission: 16 to 128 of `A–Z a–z 0–9 - . _ ~`, so that it fits into a query as it is.
///
/// Printing a token shows no more than its first four characters; `secret` is the whole.
public struct Token: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
  /// Lengths that are accepted.
  public static let lengths = 16...128

  /// The whole token.
  public let secret: String

  /// - Returns: `nil` when `secret` is too short, too long or has other characters.
  public init?(_ secret: some StringProtocol) {
    guard Self.lengths.contains(secret.utf8.count), secret.utf8.allSatisfy(Self.isAllowed) else { return nil }
    self.secret = String(secret)
  }

  private init(unchecked secret: String) { self.secret = secret }

  /// A new token of 128 random bits, 22 characters.
  public static func random() -> Token {
    var generator = SystemRandomNumberGenerator()
    return random(using: &generator)
  }

  /// A new token from the given source of randomness, for tests.
  public static func random(using generator: inout some RandomNumberGenerator) -> Token {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".unicodeScalars)
    var bits = (
      UInt64.random(in: .min ... .max, using: &generator), UInt64.random(in: .min ... .max, using: &generator)
    )
    var secret = ""
    for _ in 0..<22 {  // ⌈128 / 6⌉
      secret.unicodeScalars.append(alphabet[Int(bits.0 & 63)])
      bits.0 = bits.0 >> 6 | bits.1 << 58
      bits.1 >>= 6
    }
    return Token(unchecked: secret)
  }

  /// Compares in a time that tells nothing about the secret: the digests of both are compared, not the texts.
  public func matches(_ presented: String) -> Bool {
    SHA256.hash(data: Array(secret.utf8)) == SHA256.hash(data: Array(presented.utf8))
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"):
      true
    default: false
    }
  }

  public var description: String { "\(secret.prefix(4))…" }
  public var debugDescription: String { description }
}
