public import MediaModel

/// How long to wait before trying again: each failure doubles the time, up to a limit; success starts over.
public struct BackOff: Hashable, Sendable {
  /// The wait after the first failure.
  public let first: Nanoseconds
  /// No wait is longer.
  public let longest: Nanoseconds
  private var next: Nanoseconds

  public init(first: Nanoseconds = .seconds(2), longest: Nanoseconds = .seconds(30)) {
    self.first = first
    self.longest = longest
    next = first
  }

  /// The wait after another failure.
  public mutating func failed() -> Nanoseconds {
    defer { next = min(Nanoseconds(next.value &* 2), longest) }
    return next
  }

  /// It worked: the next failure is a first one again.
  public mutating func succeeded() { next = first }
}
