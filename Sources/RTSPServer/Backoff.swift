import MediaModel

/// Waits between attempts: each twice as long as the one before, up to a limit, from the start again after a success.
struct Backoff {
  let initial: Nanoseconds
  let maximum: Nanoseconds
  private var next: Nanoseconds

  init(initial: Nanoseconds = .seconds(1), maximum: Nanoseconds = .seconds(30)) {
    self.initial = initial
    self.maximum = maximum
    next = initial
  }

  /// How long to wait after this failure.
  mutating func failed() -> Nanoseconds {
    defer { next = min(Nanoseconds(next.value &* 2), maximum) }
    return next
  }

  mutating func succeeded() { next = initial }
}
