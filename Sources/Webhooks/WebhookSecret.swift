import Crypto
import Foundation

/// The keys that sign what is posted: the first signs, and while keys are being exchanged, so do the others.
///
/// Source: Standard Webhooks 1.0, <https://github.com/standard-webhooks/standard-webhooks>.
public struct WebhookSecret: Sendable, CustomStringConvertible {
  /// Fewer bytes than the standard demands could be guessed.
  static let shortest = 24

  private let keys: [SymmetricKey]

  /// Reads the content of a key file: a key a line, as `whsec_` and Base64, or else as the bytes of the line. Empty
  /// lines and those that start with `#` count for nothing.
  /// - Throws: `WebhookError` when there is no key, or one that is too short or malformed. The key is not in it.
  public init(text: String) throws(WebhookError) {
    var keys: [SymmetricKey] = []
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let line = line.trimmingCharacters(in: .whitespaces)
      guard !line.isEmpty, !line.hasPrefix("#") else { continue }
      let bytes: Data
      if line.hasPrefix(Self.prefix) {
        guard let decoded = Data(base64Encoded: String(line.dropFirst(Self.prefix.count))) else {
          throw .secret(line: index + 1, reason: "what follows \(Self.prefix) is not Base64")
        }
        bytes = decoded
      } else {
        bytes = Data(line.utf8)
      }
      guard bytes.count >= Self.shortest else {
        throw .secret(line: index + 1, reason: "the key has \(bytes.count) bytes, at least \(Self.shortest) are needed")
      }
      keys.append(SymmetricKey(data: bytes))
    }
    guard !keys.isEmpty else { throw .secret(line: 1, reason: "no key in this file") }
    self.keys = keys
  }

  private static let prefix = "whsec_"

  /// The value of the header `Webhook-Signature`: for each key `v1,` and the HMAC-SHA256 of `id.timestamp.body` in
  /// Base64, with a space between.
  public func signature(id: String, timestamp: Int64, body: some Sequence<UInt8>) -> String {
    var signed = Data("\(id).\(timestamp).".utf8)
    signed.append(contentsOf: body)
    return keys.map { "v1," + Data(HMAC<SHA256>.authenticationCode(for: signed, using: $0)).base64EncodedString() }
      .joined(separator: " ")
  }

  /// Never the keys.
  public var description: String { "\(keys.count) webhook key\(keys.count == 1 ? "" : "s")" }
}
