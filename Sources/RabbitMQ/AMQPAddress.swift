public import MediaModel

/// Where a broker is and how to log in: an `amqp:` or `amqps:` URL.
///
/// `amqp[s]://user:password@host:port/vhost?heartbeat=10&connection_timeout=5000&cacertfile=…&certfile=…&keyfile=…`
/// `&verify=verify_peer|verify_none`, as RabbitMQ's URI specification has it. Absent parts have the usual defaults:
/// guest, guest, 127.0.0.1, 5672 or 5671, `/`.
public struct AMQPAddress: Hashable, Sendable, CustomStringConvertible {
  public var user: String
  public var password: String
  /// A name, or an IPv4 or IPv6 address without brackets.
  public var host: String
  public var port: Int
  public var virtualHost: String
  /// `nil`: plain TCP.
  public var tls: TLS?
  /// Silence after which either side gives up is twice this.
  public var heartbeat: Nanoseconds
  /// For connecting, and for each answer of the broker.
  public var timeout: Nanoseconds

  /// How the broker is checked, and who we are.
  public struct TLS: Hashable, Sendable {
    /// Authorities that may vouch for the broker, a PEM file; `nil`: those of the system.
    public var authorities: String?
    /// Our own certificate and key, PEM files.
    public var certificate: String?
    public var key: String?
    /// Whether the broker's certificate must be valid and be for its host name.
    public var verifiesPeer: Bool

    public init(
      authorities: String? = nil, certificate: String? = nil, key: String? = nil, verifiesPeer: Bool = true
    ) {
      self.authorities = authorities
      self.certificate = certificate
      self.key = key
      self.verifiesPeer = verifiesPeer
    }
  }

  /// - Throws: ``AMQPError/badAddress(reason:)``; the reason does not repeat credentials.
  public init(_ url: String) throws(AMQPError) {
    guard let separator = url.firstOccurrence(of: "://") else {
      throw Self.bad("it must start with amqp:// or amqps://")
    }
    let scheme = url[..<separator.lowerBound].lowercased()
    guard scheme == "amqp" || scheme == "amqps" else { throw Self.bad("it must start with amqp:// or amqps://") }
    tls = scheme == "amqps" ? TLS() : nil
    var rest = url[separator.upperBound...]
    var query: Substring = ""
    if let mark = rest.firstIndex(of: "?") {
      query = rest[rest.index(after: mark)...]
      rest = rest[..<mark]
    }
    (user, password, host, port, virtualHost) = ("guest", "guest", "127.0.0.1", scheme == "amqps" ? 5671 : 5672, "/")
    heartbeat = .seconds(10)
    timeout = .seconds(3)
    if let slash = rest.firstIndex(of: "/") {
      let path = rest[rest.index(after: slash)...]
      guard !path.contains("/") else { throw Self.bad("a / in the name of the virtual host is written %2F") }
      // The path "/" alone is written by most as "the default", though it names the virtual host "".
      if !path.isEmpty { virtualHost = try Self.decoded(path, "the virtual host") }
      rest = rest[..<slash]
    }
    if let at = rest.lastIndex(of: "@") {
      try readCredentials(rest[..<at])
      rest = rest[rest.index(after: at)...]
    }
    try readPlace(rest)
    for pair in query.split(separator: "&") { try readParameter(pair) }
  }

  /// The address without credentials and parameters.
  public var description: String {
    "\(tls == nil ? "amqp" : "amqps")://\(host.contains(":") ? "[\(host)]" : host):\(port)/"
      + (virtualHost == "/" ? "" : virtualHost)
  }

  private static func bad(_ reason: String) -> AMQPError { .badAddress(reason: reason) }

  private mutating func readCredentials(_ text: Substring) throws(AMQPError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    user = try Self.decoded(parts[0], "the user")
    password = parts.count == 2 ? try Self.decoded(parts[1], "the password") : ""
  }

  private mutating func readPlace(_ text: Substring) throws(AMQPError) {
    var place = text
    if place.first == "[" {
      guard let end = place.firstIndex(of: "]") else { throw Self.bad("an IPv6 address ends with ]") }
      host = String(place[place.index(after: place.startIndex)..<end])
      place = place[place.index(after: end)...]
    } else {
      let end = place.firstIndex(of: ":") ?? place.endIndex
      if end != place.startIndex { host = try Self.decoded(place[..<end], "the host") }
      place = place[end...]
    }
    guard !place.isEmpty else { return }
    guard place.first == ":", let number = Int(place.dropFirst()), (1...65_535).contains(number) else {
      throw Self.bad("the port is a number from 1 to 65535")
    }
    port = number
  }

  private mutating func readParameter(_ pair: Substring) throws(AMQPError) {
    let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let value = parts.count == 2 ? try Self.decoded(parts[1], "a parameter") : ""
    switch parts[0] {
    case "heartbeat":
      guard let seconds = Int(value), (1...3_600).contains(seconds) else {
        throw Self.bad("heartbeat is a number of seconds from 1 to 3600")
      }
      heartbeat = .seconds(Double(seconds))
    case "connection_timeout":
      guard let milliseconds = Int64(value), (1...60_000).contains(milliseconds) else {
        throw Self.bad("connection_timeout is a number of milliseconds from 1 to 60000")
      }
      timeout = .milliseconds(milliseconds)
    case "cacertfile": tls?.authorities = value
    case "certfile": tls?.certificate = value
    case "keyfile": tls?.key = value
    case "verify":
      guard value == "verify_peer" || value == "verify_none" else {
        throw Self.bad("verify is verify_peer or verify_none")
      }
      tls?.verifiesPeer = value == "verify_peer"
    default: throw Self.bad("there is no such parameter: \(parts[0])")
    }
  }

  /// RFC 3986 §2.1. The result goes to C as a string, so it may not contain a zero byte.
  private static func decoded(_ text: Substring, _ what: String) throws(AMQPError) -> String {
    var bytes: [UInt8] = []
    var source = text.utf8.makeIterator()
    while let byte = source.next() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = source.next(), let low = source.next(), let value = UInt8(hexadecimal: high, low) else {
        throw bad("\(what) has a % that two hexadecimal digits do not follow")
      }
      bytes.append(value)
    }
    guard !bytes.contains(0), let result = String(validating: bytes, as: UTF8.self) else {
      throw bad("\(what) is not UTF-8")
    }
    return result
  }
}

extension UInt8 {
  fileprivate init?(hexadecimal high: UInt8, _ low: UInt8) {
    func digit(_ character: UInt8) -> UInt8? {
      switch character {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
      default: nil
      }
    }
    guard let high = digit(high), let low = digit(low) else { return nil }
    self = high << 4 | low
  }
}

extension String {
  /// The first occurrence of a short text; the standard library has none for strings.
  fileprivate func firstOccurrence(of text: String) -> Range<String.Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
