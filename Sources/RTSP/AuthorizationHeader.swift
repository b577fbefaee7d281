/// Credentials in a request: the Authorization header of RFC 7617 (Basic) and RFC 2617 / 7616 (Digest).
public enum AuthorizationHeader: Hashable, Sendable {
  case basic(user: String, password: String)
  case digest(Digest)

  /// The parameters of a digest answer.
  public struct Digest: Hashable, Sendable {
    public var algorithm: DigestAlgorithm
    public var user: String
    public var realm: String
    public var nonce: String
    public var uri: String
    public var response: String
    /// `qop`, `nc` and `cnonce`, where the client uses them.
    public var protection: Protection?

    /// What a quality of protection adds.
    public struct Protection: Hashable, Sendable {
      public var quality: String
      public var nonceCount: String
      public var clientNonce: String

      public init(quality: String, nonceCount: String, clientNonce: String) {
        self.quality = quality
        self.nonceCount = nonceCount
        self.clientNonce = clientNonce
      }
    }

    public init(
      algorithm: DigestAlgorithm, user: String, realm: String, nonce: String, uri: String, response: String,
      protection: Protection? = nil
    ) {
      self.algorithm = algorithm
      self.user = user
      self.realm = realm
      self.nonce = nonce
      self.uri = uri
      self.response = response
      self.protection = protection
    }
  }

  /// - Returns: `nil` for another scheme, an unknown algorithm, or a parameter that is missing.
  public init?(_ value: String) {
    let parts = value.split(separator: " ", maxSplits: 1)
    guard parts.count == 2 else { return nil }
    switch parts[0].lowercased() {
    case "basic":
      guard let bytes = Base64.decode(parts[1].trimmed), let text = String(validating: bytes, as: UTF8.self),
        let colon = text.firstIndex(of: ":")
      else { return nil }
      self = .basic(user: String(text[..<colon]), password: String(text[text.index(after: colon)...]))
    case "digest":
      let parameters = Self.parameters(parts[1])
      let algorithm = parameters["algorithm"].map { DigestAlgorithm(name: $0) } ?? .md5
      guard let algorithm, let user = parameters["username"], let realm = parameters["realm"],
        let nonce = parameters["nonce"], let uri = parameters["uri"], let response = parameters["response"]
      else { return nil }
      var digest = Digest(
        algorithm: algorithm, user: user, realm: realm, nonce: nonce, uri: uri, response: response.lowercased())
      if let quality = parameters["qop"] {
        guard quality == "auth", let count = parameters["nc"], let clientNonce = parameters["cnonce"] else {
          return nil
        }
        digest.protection = .init(quality: quality, nonceCount: count, clientNonce: clientNonce)
      }
      self = .digest(digest)
    default: return nil
    }
  }

  /// `name=token` and `name="quoted \"string\""`, by commas; names in lower case, the first of each counts.
  static func parameters(_ text: Substring) -> [String: String] {
    var parameters: [String: String] = [:]
    var rest = text
    while parameters.count < 32, let equals = rest.firstIndex(of: "=") {
      let name = rest[..<equals].drop { $0 == "," || $0 == " " || $0 == "\t" }.trimmed.lowercased()
      rest = rest[rest.index(after: equals)...].trimmed
      var value = ""
      if rest.first == "\"" {
        rest = rest.dropFirst()
        var isEscaped = false
        while let character = rest.popFirst() {
          if isEscaped {
            value.append(character)
            isEscaped = false
          } else if character == "\\" {
            isEscaped = true
          } else if character == "\"" {
            break
          } else {
            value.append(character)
          }
        }
        rest = rest.drop { $0 != "," }
      } else {
        let token = rest.prefix { $0 != "," }
        value = String(token.trimmed)
        rest = rest[token.endIndex...]
      }
      if parameters[name] == nil { parameters[name] = value }
    }
    return parameters
  }
}
