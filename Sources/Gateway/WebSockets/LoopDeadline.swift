import Clocks
import MediaModel
import NIOCore

/// One deadline on an event loop that is moved often: a scheduled task is only replaced by an earlier one.
final class LoopDeadline {
  private let eventLoop: any EventLoop
  private let clocks: SystemClocks
  private let body: @Sendable () -> Void
  private var deadline: HostTime?
  private var scheduled: (at: HostTime, task: Scheduled<Void>)?

  /// - Parameter body: called on the loop, not before the deadline that was set last.
  init(eventLoop: any EventLoop, clocks: SystemClocks, _ body: @escaping @Sendable () -> Void) {
    self.eventLoop = eventLoop
    self.clocks = clocks
    self.body = body
  }

  func set(_ deadline: HostTime) {
    self.deadline = deadline
    if let scheduled, scheduled.at <= deadline { return }
    scheduled?.task.cancel()
    schedule(deadline)
  }

  func cancel() {
    scheduled?.task.cancel()
    scheduled = nil
    deadline = nil
  }

  private func schedule(_ time: HostTime) {
    let delay = max(0, time.since(clocks.host()).value)
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    scheduled = (time, eventLoop.scheduleTask(in: .nanoseconds(delay)) { bound.value.fired() })
  }

  private func fired() {
    scheduled = nil
    guard let deadline else { return }
    if deadline <= clocks.host() {
      self.deadline = nil
      body()
    } else {
      schedule(deadline)
    }
  }
}
