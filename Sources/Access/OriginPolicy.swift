/// Keeps pages of other sites, open in a browser that can reach this server, from using it.
///
/// Browsers let any page open a WebSocket anywhere and say in `Origin` where the page came from. A page can also
/// make its own host name resolve to this server (DNS rebinding); then `Origin` and `Host` agree, and only the name
/// gives it away. So a server that asks for no token also looks at the name.
public struct OriginPolicy: Sendable, Equatable {
  /// Why a request was refused.
  public enum Refusal: String, Hashable, Sendable {
    case foreignOrigin = "page of another site"
    case foreignHost = "unknown host name; see server.allowed_hosts"
  }

  /// Origins allowed beside the server's own, as `https://ops.example.com`, lower case.
  public let allowedOrigins: Set<String>
  /// Host names allowed beside addresses and local names, lower case, without port.
  public let allowedHosts: Set<String>
  /// Whether the host name is looked at: where no token protects.
  public let checksHost: Bool

  /// - Parameters:
  ///   - allowedOrigins: `*` allows every origin.
  ///   - allowedHosts: names under which this server is reached, beside addresses and local names.
  ///   - checksHost: `true` where no token is asked for.
  public init(allowedOrigins: [String] = [], allowedHosts: [String] = [], checksHost: Bool) {
    self.allowedOrigins = Set(allowedOrigins.map { $0.lowercased() })
    self.allowedHosts = Set(allowedHosts.map { $0.lowercased() })
    self.checksHost = checksHost
  }

  /// - Parameters:
  ///   - origin: the `Origin` header; programs that are not browsers send none.
  ///   - host: the `Host` header or `:authority`.
  /// - Returns: `nil` when the request may go on.
  public func refusal(origin: String?, host: String?) -> Refusal? {
    if checksHost, let host, !isKnown(host: host) { return .foreignHost }
    guard let origin = origin?.lowercased() else { return nil }
    if allowedOrigins.contains("*") || allowedOrigins.contains(origin) { return nil }
    guard let host, let page = HostAndPort(origin: origin) else { return .foreignOrigin }
    return page == HostAndPort(authority: host.lowercased(), defaultPort: page.defaultPort) ? nil : .foreignOrigin
  }

  /// Names no stranger can own: addresses, names without a dot, and the local domains of RFC 6761 and RFC 6762.
  private func isKnown(host authority: String) -> Bool {
    let host = HostAndPort(authority: authority.lowercased(), defaultPort: 80).host
    if allowedHosts.contains(host) || host.hasPrefix("[") { return true }
    let labels = host.split(separator: ".", omittingEmptySubsequences: false)
    if labels.count == 1 || labels.count == 4 && labels.allSatisfy({ UInt8($0) != nil }) { return true }
    return ["localhost", "local", "internal"].contains(String(labels.last ?? ""))
  }
}

/// Host and port of an origin or of a `Host` header.
private struct HostAndPort {
  var host: String
  var port: Int
  var defaultPort: Int

  static func == (left: HostAndPort, right: HostAndPort) -> Bool { left.host == right.host && left.port == right.port }

  /// - Parameter origin: `scheme://host[:port]`, RFC 6454 §6.2; `null` and other schemes give `nil`.
  init?(origin: String) {
    let ports = ["http://": 80, "https://": 443]
    guard let (scheme, port) = ports.first(where: { origin.hasPrefix($0.key) }) else { return nil }
    self.init(authority: String(origin.dropFirst(scheme.count)), defaultPort: port)
  }

  /// - Parameter authority: `host[:port]`, an IPv6 address in brackets.
  init(authority: String, defaultPort: Int) {
    self.defaultPort = defaultPort
    let hostEnd = authority.lastIndex(of: "]").map { authority.index(after: $0) } ?? authority.startIndex
    guard let colon = authority[hostEnd...].firstIndex(of: ":") else {
      host = authority
      port = defaultPort
      return
    }
    host = String(authority[..<colon])
    port = Int(authority[authority.index(after: colon)...]) ?? -1
  }
}
