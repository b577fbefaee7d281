/// What goes wrong between us and a broker.
public enum AMQPError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A URL that says no place. The reason has no credentials in it.
  case badAddress(reason: String)
  /// Nobody answers there.
  case unreachable(AMQPPlace, reason: String)
  /// No secure connection came about.
  case insecure(AMQPPlace, reason: String)
  /// The broker does not let us in: user, password or virtual host.
  case refused(AMQPPlace, reason: String)
  /// The connection ended by itself.
  case lost(AMQPPlace, reason: String)
  /// The broker closed the connection.
  case closed(AMQPPlace, AMQPReply)
  /// The broker closed one channel; the connection lives on.
  case channelClosed(channel: UInt16, AMQPReply)
  /// It exists already, and is not as we want it.
  case clash(AMQPClash)
  /// What the broker sent makes no sense.
  case malformed(AMQPPlace, reason: String)
  /// Headers do not fit into a frame; the message was not sent.
  case headersTooLarge(bytes: Int, limit: Int)

  public var description: String {
    switch self {
    case .badAddress(let reason): "the broker's URL is wrong: \(reason)"
    case .unreachable(let place, let reason): "no broker at \(place): \(reason)"
    case .insecure(let place, let reason): "no secure connection to the broker at \(place): \(reason)"
    case .refused(let place, let reason): "the broker at \(place) refuses us: \(reason)"
    case .lost(let place, let reason): "the connection to the broker at \(place) is lost: \(reason)"
    case .closed(let place, let reply): "the broker at \(place) closed the connection: \(reply)"
    case .channelClosed(let channel, let reply): "the broker closed channel \(channel): \(reply)"
    case .clash(let clash): clash.description
    case .malformed(let place, let reason): "the broker at \(place) sent what makes no sense: \(reason)"
    case .headersTooLarge(let bytes, let limit): "a message's headers take \(bytes) bytes, \(limit) are allowed"
    }
  }

  /// Whether the connection cannot be used any more.
  public var endsConnection: Bool {
    switch self {
    case .channelClosed, .clash, .headersTooLarge: false
    case .badAddress, .unreachable, .insecure, .refused, .lost, .closed, .malformed: true
    }
  }
}

/// A broker's address as it may be shown.
public struct AMQPPlace: Hashable, Sendable, CustomStringConvertible {
  public let description: String

  public init(_ address: AMQPAddress) { description = address.description }
}

/// A broker's reason for closing: AMQP 0-9-1 §1.2.
public struct AMQPReply: Hashable, Sendable, CustomStringConvertible {
  public var code: Int
  public var text: String

  public init(code: Int, text: String) {
    self.code = code
    self.text = text
  }

  public static let accessRefused = 403
  public static let notFound = 404
  public static let resourceLocked = 405
  public static let preconditionFailed = 406

  public var description: String { text.contains("\(code)") || code == 0 ? text : "\(code) \(text)" }
}

/// An exchange or queue exists and is not as we want it.
public struct AMQPClash: Hashable, Sendable, CustomStringConvertible {
  public enum Kind: String, Hashable, Sendable { case exchange, queue }

  public var kind: Kind
  public var name: String
  /// What differs: `type`, `durable`, `x-max-age`….
  public var property: String
  /// What it is on the broker; `nil` when the broker did not say.
  public var existing: String?
  /// What we want.
  public var wanted: String?
  /// What the broker said.
  public var text: String

  /// Reads the broker's words: `PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'x' in vhost '/': received`
  /// `'fanout' but current is 'direct'`.
  public init(_ kind: Kind, named name: String, _ reply: AMQPReply) {
    self.kind = kind
    self.name = name
    text = reply.text
    property = Self.quoted(after: "inequivalent arg ", in: reply.text) ?? "kind"
    wanted = Self.quoted(after: "received ", in: reply.text)
    existing = Self.quoted(after: "but current is ", in: reply.text)
    if existing == nil, reply.text.contains("but current is none") { existing = "none" }
    if wanted == nil, reply.text.contains("received none") { wanted = "none" }
  }

  public var description: String {
    guard let existing, let wanted else { return "the \(kind) \(name) exists and is not as needed: \(text)" }
    return "the \(kind) \(name) exists with \(property) '\(existing)', but '\(wanted)' is needed: delete it on the "
      + "broker, or use another name"
  }

  /// The text between the quotes that follow `words`, which may have a type in front: `the value '10' of type 'long'`.
  private static func quoted(after words: String, in text: String) -> String? {
    let characters = Array(text.unicodeScalars), words = Array(words.unicodeScalars)
    guard characters.count > words.count else { return nil }
    for start in 0..<(characters.count - words.count) where Array(characters[start..<(start + words.count)]) == words {
      var rest = characters[(start + words.count)...]
      let value = Array("the value ".unicodeScalars)
      if rest.starts(with: value) { rest = rest.dropFirst(value.count) }
      guard rest.first == "'" else { return nil }
      rest = rest.dropFirst()
      guard let end = rest.firstIndex(of: "'") else { return nil }
      var result = String.UnicodeScalarView()
      result.append(contentsOf: rest[..<end])
      return String(result)
    }
    return nil
  }
}
