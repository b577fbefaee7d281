/// The address of a WebSocket: `ws://HOST[:PORT]/PATH[?QUERY]` or `wss://…`.
public struct WebSocketEndpoint: Hashable, Sendable, CustomStringConvertible {
  public var usesTLS: Bool
  /// Host name or address; an IPv6 address without its brackets.
  public var host: String
  public var port: Int
  /// Path and query, starting with a slash.
  public var target: String

  /// - Throws: ``WebSocketError/invalidAddress(_:)``.
  public init(_ text: String) throws(WebSocketError) {
    let schemes = [("ws://", false, 80), ("wss://", true, 443)]
    guard let (prefix, tls, defaultPort) = schemes.first(where: { text.lowercased().hasPrefix($0.0) }) else {
      throw .invalidAddress(text)
    }
    let rest = text.dropFirst(prefix.count)
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    let tail = rest.dropFirst(authority.count)
    guard !authority.contains("@"), !tail.contains("#") else { throw .invalidAddress(text) }
    usesTLS = tls
    target = tail.isEmpty ? "/" : tail.hasPrefix("?") ? "/" + tail : String(tail)
    var portText: Substring = ""
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { throw .invalidAddress(text) }
      host = String(authority[authority.index(after: authority.startIndex)..<end])
      portText = authority[authority.index(after: end)...]
    } else if let colon = authority.lastIndex(of: ":") {
      host = String(authority[..<colon])
      portText = authority[colon...]
    } else {
      host = String(authority)
    }
    guard !host.isEmpty else { throw .invalidAddress(text) }
    if portText.isEmpty {
      port = defaultPort
    } else {
      guard portText.hasPrefix(":"), let number = Int(portText.dropFirst()), (1...65_535).contains(number) else {
        throw .invalidAddress(text)
      }
      port = number
    }
  }

  /// `host:port` as the Host header has it; the port is left out when it is the scheme's own.
  public var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == (usesTLS ? 443 : 80) ? name : "\(name):\(port)"
  }

  /// The address without its query, which may hold a token.
  public var description: String {
    "\(usesTLS ? "wss" : "ws")://\(authority)\(target.prefix { $0 != "?" })"
  }

  /// The same server, another path and query.
  public func with(path: String, query: [(String, String)] = []) -> WebSocketEndpoint {
    var copy = self
    let pairs = query.map { "\(Self.escape($0.0))=\(Self.escape($0.1))" }
    copy.target = pairs.isEmpty ? path : path + "?" + pairs.joined(separator: "&")
    return copy
  }

  private static func escape(_ text: String) -> String {
    var escaped = ""
    for byte in text.utf8 {
      let character = Character(UnicodeScalar(byte))
      if byte < 0x80, character.isLetter || character.isNumber || "-._~".contains(character) {
        escaped.append(character)
      } else {
        escaped += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    return escaped
  }
}
