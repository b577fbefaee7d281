/// Status codes of close frames, RFC 6455 §7.4, and ours from the private range.
public struct WebSocketCloseCode: Hashable, Sendable, RawRepresentable {
  public var rawValue: UInt16

  public init(rawValue: UInt16) { self.rawValue = rawValue }

  public static let normal = WebSocketCloseCode(rawValue: 1000)
  /// The server stops, or the stream ended.
  public static let goingAway = WebSocketCloseCode(rawValue: 1001)
  public static let protocolError = WebSocketCloseCode(rawValue: 1002)
  public static let policyViolation = WebSocketCloseCode(rawValue: 1008)
  public static let messageTooBig = WebSocketCloseCode(rawValue: 1009)
  /// The server is full: try again later.
  public static let tryAgainLater = WebSocketCloseCode(rawValue: 1013)
  /// The stream has a publisher already.
  public static let alreadyPublished = WebSocketCloseCode(rawValue: 4409)
  /// Another publisher took the stream over.
  public static let takenOver = WebSocketCloseCode(rawValue: 4410)
  /// A `lossless` reader could not keep up.
  public static let tooSlow = WebSocketCloseCode(rawValue: 4408)
}
