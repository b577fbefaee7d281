import MediaModel

/// Waits between attempts: each twice as long as the one before, up to a limit, from the start again after a success.
package struct Backoff {
  let initial: Nanoseconds
  let maximum: Nanoseconds
  private var next: Nanoseconds

  package init(initial: Nanoseconds = .seconds(1), maximum: Nanoseconds = .seconds(30)) {
    self.initial = initial
    self.maximum = maximum
    next = initial
  }

  /// How long to wait after this failure.
  package mutating func failed() -> Nanoseconds {
    defer { next = min(Nanoseconds(next.value &* 2), maximum) }
    return next
  }

  package mutating func succeeded() { next = initial }
}
