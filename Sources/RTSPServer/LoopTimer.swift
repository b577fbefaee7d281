import MediaModel
import NIOCore

/// Calls back at a fixed interval on an event loop, until it is cancelled or let go of.
final class LoopTimer {
  private let eventLoop: any EventLoop
  private let interval: TimeAmount
  private let action: () -> Void
  private var next: Scheduled<Void>?

  /// The first call comes after one interval.
  init(eventLoop: any EventLoop, interval: Nanoseconds, action: @escaping () -> Void) {
    self.eventLoop = eventLoop
    self.interval = .nanoseconds(interval.value)
    self.action = action
    schedule()
  }

  func cancel() { next?.cancel() }

  private func schedule() {
    next = eventLoop.assumeIsolated().scheduleTask(in: interval) { [weak self] in
      self?.schedule()
      self?.action()
    }
  }
}
