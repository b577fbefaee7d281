import Synchronization

/// A bounded queue from any number of tasks to one, with a policy for when it is full and a count of what it left out.
package final class Mailbox<Element: Sendable>: Sendable {
  /// What happens to an element that finds the mailbox full.
  package enum Policy: Sendable {
    /// It waits until there is room: nothing is lost.
    case wait(capacity: Int)
    /// It takes the place of the only one that waits.
    case keepLatest
    /// It is left out, and so is everything up to one where reading can start again.
    case dropToRestart(capacity: Int, canRestart: @Sendable (Element) -> Bool)
  }

  private struct State {
    /// At most `capacity` elements, each with the number of those left out just before it.
    var elements: [(element: Element, skipped: Int)] = []
    var skippedSince = 0
    var skippedTotal: UInt64 = 0
    var isDropping = false
    var isFinished = false
    /// At most one taker, and as many putters as tasks put.
    var takers: [UInt64: CheckedContinuation<Void, Never>] = [:]
    var putters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    var lastWaiter: UInt64 = 0
  }

  private typealias Waiters = [UInt64: CheckedContinuation<Void, Never>]
  private let policy: Policy
  private let state = Mutex(State())

  package init(_ policy: Policy) { self.policy = policy }

  /// How many elements were left out so far.
  package var skippedTotal: UInt64 { state.withLock { $0.skippedTotal } }

  /// As many wait where the putter waits, whatever the policy.
  private static var waitingCapacity: Int { 4 }

  /// Puts an element in; waits where the policy says so. After `finish()` it is ignored.
  /// - Parameter waits: whether it waits for room in any case.
  package func put(_ element: Element, waits: Bool = false) async {
    while true {
      let (isDone, takers) = state.withLock { state -> (Bool, Waiters) in
        guard !state.isFinished else { return (true, [:]) }
        guard admit(element, waits: waits, to: &state) else { return (false, [:]) }
        return (true, Self.removeAll(&state.takers))
      }
      for taker in takers.values { taker.resume() }
      if isDone { return }
      await suspend(in: \.putters) { state in
        !state.isFinished && (waits ? Self.isFullForWaiting(state) : self.isFull(state))
      }
      // A cancelled putter gives up, or it would spin.
      if Task.isCancelled { return }
    }
  }

  /// The next element and the number of those left out before it, waiting for it if need be.
  /// - Returns: `nil` once the mailbox is finished and empty, or when the task is cancelled.
  package func take() async -> (element: Element, skipped: Int)? {
    while true {
      let (taken, isFinished, putters) = state.withLock { state -> ((Element, Int)?, Bool, Waiters) in
        guard !state.elements.isEmpty else { return (nil, state.isFinished, [:]) }
        return (state.elements.removeFirst(), state.isFinished, Self.removeAll(&state.putters))
      }
      for putter in putters.values { putter.resume() }
      if let taken { return taken }
      if isFinished || Task.isCancelled { return nil }
      await suspend(in: \.takers) { state in state.elements.isEmpty && !state.isFinished }
    }
  }

  /// No element follows; those that wait can still be taken.
  package func finish() {
    let waiting = state.withLock { state in
      state.isFinished = true
      return [Self.removeAll(&state.takers), Self.removeAll(&state.putters)]
    }
    for waiter in waiting.flatMap(\.values) { waiter.resume() }
  }

  // MARK: Policy

  private static func isFullForWaiting(_ state: State) -> Bool { state.elements.count >= waitingCapacity }

  private func isFull(_ state: State) -> Bool {
    switch policy {
    case .wait(let capacity), .dropToRestart(let capacity, _): state.elements.count >= capacity
    case .keepLatest: !state.elements.isEmpty
    }
  }

  /// - Returns: `false` when the element has to wait.
  private func admit(_ element: Element, waits: Bool, to state: inout State) -> Bool {
    switch policy {
    case _ where waits:
      guard !Self.isFullForWaiting(state) else { return false }
      state.isDropping = false
    case .wait:
      guard !isFull(state) else { return false }
    case .keepLatest:
      for replaced in state.elements {
        state.skippedTotal += 1
        state.skippedSince += replaced.skipped + 1
      }
      state.elements.removeAll()
    case .dropToRestart(_, let canRestart):
      if isFull(state) || (state.isDropping && !canRestart(element)) {
        state.isDropping = true
        state.skippedTotal += 1
        state.skippedSince += 1
        return true
      }
      state.isDropping = false
    }
    state.elements.append((element, state.skippedSince))
    state.skippedSince = 0
    return true
  }

  // MARK: Waiting

  private func suspend(
    in waiters: any WritableKeyPath<State, Waiters> & Sendable, while mustWait: @Sendable (State) -> Bool
  ) async {
    let number = state.withLock { state in
      state.lastWaiter += 1
      return state.lastWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let resumesNow = state.withLock { state in
          guard mustWait(state), !Task.isCancelled else { return true }
          state[keyPath: waiters][number] = continuation
          return false
        }
        if resumesNow { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0[keyPath: waiters].removeValue(forKey: number) }?.resume()
    }
  }

  private static func removeAll(_ waiters: inout Waiters) -> Waiters {
    defer { waiters = [:] }
    return waiters
  }
}

/// A request to stop that somebody waits for.
final class StopSignal: Sendable {
  private struct State {
    var isRequested = false
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  var isRequested: Bool { state.withLock { $0.isRequested } }

  func request() {
    state.withLock { state in
      state.isRequested = true
      return state.waiter.take()
    }?.resume()
  }

  /// Returns when `request()` was called or the task is cancelled. One task may wait.
  func wait() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let resumesNow = state.withLock { state in
          guard !state.isRequested, !Task.isCancelled else { return true }
          state.waiter = continuation
          return false
        }
        if resumesNow { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiter.take() }?.resume()
    }
  }
}
