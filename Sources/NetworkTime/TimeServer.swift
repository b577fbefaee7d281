/// Where a time server is.
public struct TimeServer: Hashable, Sendable, CustomStringConvertible {
  public var host: String
  public var port: Int

  /// The port of NTP.
  public static let standardPort = 123

  /// Servers that everybody may ask. Of different operators, so that none of them can be wrong alone.
  public static let publicServers = ["pool.ntp.org", "time.cloudflare.com", "time.google.com"].map {
    TimeServer(host: $0, port: standardPort)
  }

  public init(host: String, port: Int = standardPort) {
    self.host = host
    self.port = port
  }

  /// Reads `HOST`, `HOST:PORT`, `[IPV6]:PORT` or a bare IPv6 address; `nil` when it is none of these.
  public init?(_ text: String) {
    let colons = text.count { $0 == ":" }
    if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
      let rest = text[text.index(after: end)...]
      self.init(host: text[text.index(after: text.startIndex)..<end], port: rest.isEmpty ? nil : rest)
    } else if colons == 1, let colon = text.firstIndex(of: ":") {
      self.init(host: text[..<colon], port: text[colon...])
    } else {
      self.init(host: text[...], port: nil)
    }
  }

  /// - Parameter port: with its colon.
  private init?(host: Substring, port: Substring?) {
    guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || $0 == "/" || $0 == "[" || $0 == "]" }) else {
      return nil
    }
    guard let port else {
      self.init(host: String(host))
      return
    }
    guard port.first == ":", let number = UInt16(port.dropFirst()), number > 0 else { return nil }
    self.init(host: String(host), port: Int(number))
  }

  public var description: String {
    let host = host.contains(":") ? "[\(host)]" : host
    return port == Self.standardPort ? host : "\(host):\(port)"
  }
}
