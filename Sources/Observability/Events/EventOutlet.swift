import Synchronization

/// Hands events to somebody outside of the locks under which they came about, and nevertheless in their order.
///
/// `note(_:)` is called under the lock that decides, `deliver()` after it is released. Whoever delivers hands out the
/// events of others too, so one of them is always last and nothing stays behind. The sink must not block.
public final class EventOutlet<Event: Sendable>: Sendable {
  /// More events than this do not wait: the sink is called right after each, so a handful is normal.
  private static var limit: Int { 4_096 }

  private struct State {
    var waiting: [Event] = []
    var isDelivering = false
    var lost = 0
  }

  private let sink: (@Sendable (Event) -> Void)?
  private let state = Mutex(State())

  /// - Parameter sink: gets each event, one at a time, on the thread of somebody who delivers; `nil`: nobody listens.
  public init(_ sink: (@Sendable (Event) -> Void)?) { self.sink = sink }

  /// Whether anybody listens.
  public var isUsed: Bool { sink != nil }

  /// Events that were left out, since the sink called for more than any sink should.
  public var lost: Int { state.withLock { $0.lost } }

  /// Puts an event in line.
  public func note(_ event: @autoclosure () -> Event) {
    guard sink != nil else { return }
    let event = event()
    state.withLock { state in
      guard state.waiting.count < Self.limit else {
        state.lost += 1
        return
      }
      state.waiting.append(event)
    }
  }

  /// Hands out what waits, unless somebody else does so already. Not to be called under a lock.
  public func deliver() {
    guard let sink else { return }
    while true {
      let batch = state.withLock { state -> [Event] in
        guard !state.isDelivering, !state.waiting.isEmpty else { return [] }
        state.isDelivering = true
        defer { state.waiting = [] }
        return state.waiting
      }
      if batch.isEmpty { return }
      for event in batch { sink(event) }
      state.withLock { $0.isDelivering = false }
    }
  }
}
