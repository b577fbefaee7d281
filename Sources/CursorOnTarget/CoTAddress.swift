/// Where events go: `udp://239.2.3.1:6969` for everybody on the network, `tcp://server:8087` for a server.
public struct CoTAddress: Hashable, Sendable, CustomStringConvertible {
  public enum Transport: String, Hashable, Sendable {
    case udp, tcp
  }

  public var transport: Transport
  public var host: String
  public var port: Int

  /// - Returns: `nil` of what is no such address.
  public init?(_ text: String) {
    guard let scheme = text.firstIndex(of: ":"), let transport = Transport(rawValue: String(text[..<scheme])),
      text[scheme...].hasPrefix("://")
    else { return nil }
    let rest = text[scheme...].dropFirst(3)
    guard let colon = rest.lastIndex(of: ":"), let port = Int(rest[rest.index(after: colon)...]),
      (1...65_535).contains(port)
    else { return nil }
    var host = rest[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty, !host.contains(where: { "/@?# ".contains($0) }) else { return nil }
    self.transport = transport
    self.host = String(host)
    self.port = port
  }

  public var description: String {
    "\(transport.rawValue)://\(host.contains(":") ? "[\(host)]" : host):\(port)"
  }
}
