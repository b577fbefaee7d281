public import MediaModel

/// What became of one request.
public enum WebhookAnswer: Hashable, Sendable {
  /// The endpoint answered with this status, and asked for so much time if it did.
  case status(Int, retryAfter: Nanoseconds?)
  /// There was no answer, for this reason, which names no URL.
  case failed(String)

  /// What follows from it.
  var verdict: Verdict {
    switch self {
    case .status(200..<300, _): .delivered
    case .status(410, _): .gone
    case .status(408, let wait), .status(425, let wait), .status(429, let wait), .status(500..<600, let wait):
      .again(wait)
    case .status: .refused
    case .failed: .again(nil)
    }
  }

  enum Verdict: Hashable {
    case delivered
    /// The endpoint may take it later.
    case again(Nanoseconds?)
    /// The endpoint will never take this event. A redirect counts: it is not followed, as it could lead anywhere.
    case refused
    /// The endpoint wants nothing any more.
    case gone
  }
}
