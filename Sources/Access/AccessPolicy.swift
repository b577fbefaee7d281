/// Who may do what: everybody everything, or the bearer of a token what the token grants.
public struct AccessPolicy: Sendable, Equatable {
  /// The answer to a request for a permission.
  public enum Decision: Hashable, Sendable {
    case granted
    /// No token was presented (HTTP 401).
    case tokenMissing
    /// The token is unknown (HTTP 401).
    case tokenUnknown
    /// The token is known but grants something else (HTTP 403).
    case notPermitted(Permission)
  }

  /// `nil`: no token is asked for.
  public let tokens: TokenSet?

  /// Everybody may do everything: for a server that only this machine reaches, or `--insecure`.
  public static let open = AccessPolicy(tokens: nil)

  /// Only bearers of these tokens may do anything.
  public static func tokens(_ tokens: TokenSet) -> AccessPolicy { AccessPolicy(tokens: tokens) }

  private init(tokens: TokenSet?) { self.tokens = tokens }

  /// The policy for a server.
  /// - Parameters:
  ///   - bindHost: the address it listens on.
  ///   - tokens: the tokens that were configured, if any; they are asked for on every address.
  ///   - insecure: whether the operator wants no tokens on any address.
  /// - Throws: `AccessError.openToNetwork` when strangers could reach the server and nothing keeps them out.
  public init(bindHost: String, tokens: TokenSet?, insecure: Bool) throws(AccessError) {
    if let tokens, !insecure {
      self = .tokens(tokens)
    } else if insecure || Self.isLoopback(bindHost) {
      self = .open
    } else {
      throw .openToNetwork(host: bindHost)
    }
  }

  public var requiresToken: Bool { tokens != nil }

  /// Decides about one request.
  /// - Parameter presented: the token of the request, if it has one.
  public func decide(_ permission: Permission, presented: String?) -> Decision {
    guard let tokens else { return .granted }
    guard let presented, !presented.isEmpty else { return .tokenMissing }
    let granted = tokens.permissions(of: presented)
    if granted.contains(permission) { return .granted }
    return granted.isEmpty ? .tokenUnknown : .notPermitted(permission)
  }

  /// The token of `Authorization: Bearer TOKEN` (RFC 6750 §2.1), else `query`, the value of `?token=`.
  ///
  /// Browsers cannot set headers on a WebSocket, hence the query.
  public static func presentedToken(authorization: String?, query: String?) -> String? {
    if let authorization {
      let parts = authorization.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
      if parts.count == 2, parts[0].lowercased() == "bearer" {
        return String(parts[1].drop { $0 == " " })
      }
    }
    return query
  }

  /// Whether only programs on this machine can reach a server on `host`.
  public static func isLoopback(_ host: String) -> Bool {
    let host = host.lowercased()
    if host == "localhost" || host == "::1" || host == "[::1]" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }
}
