public import MediaModel
public import NIOCore

/// What became of one request.
public enum APIAnswer: Hashable, Sendable {
  case body(ByteBuffer)
  /// Another status than 200, and the time that the server asked for if it did.
  case status(Int, retryAfter: Nanoseconds?)
  /// There was no answer, for this reason, which names no URL.
  case failed(String)

  /// Whether the same request may succeed later.
  var isWorthRetrying: Bool {
    switch self {
    case .body: false
    case .status(let status, _): [408, 425, 429].contains(status) || (500..<600).contains(status)
    case .failed: true
    }
  }
}

/// How often and how long a request is tried.
public struct APIRetryPolicy: Hashable, Sendable {
  public var tries = 4
  /// Before the second try; it doubles with each.
  public var firstPause = Nanoseconds.seconds(1)
  /// What a server may ask for by `Retry-After`; more, and the request is given up.
  public var longestRetryAfter = Nanoseconds.seconds(120)
  /// From the first try on; then the request is given up.
  public var deadline = Nanoseconds.seconds(180)
  /// The part of each pause that is left to chance, 0…1.
  public var jitter = 0.5

  public init() {}

  /// How long to wait before the next try.
  /// - Parameters:
  ///   - failures: tries so far, at least 1.
  ///   - elapsed: since the first try.
  ///   - chance: a random number, 0..<1.
  /// - Returns: `nil` when there is none.
  public func pause(after answer: APIAnswer, failures: Int, elapsed: Nanoseconds, chance: Double) -> Nanoseconds? {
    guard answer.isWorthRetrying, failures < tries else { return nil }
    let own = firstPause.seconds * Double(1 << min(failures - 1, 20)) * (1 - jitter * chance)
    var pause = Nanoseconds.seconds(own)
    if case .status(_, let asked?) = answer {
      guard asked <= longestRetryAfter else { return nil }
      pause = max(pause, asked)
    }
    return Nanoseconds(elapsed.value &+ pause.value) <= deadline ? pause : nil
  }
}
