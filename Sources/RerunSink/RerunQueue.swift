package import RerunLog
import Synchronization

/// What waits for a viewer: bounded by bytes. It is asked whether there is room before anything is encoded; what finds none
/// is left out and counted, so that all that was encoded arrives and nothing in it misses what came before.
package final class RerunQueue: Sendable {
  /// What competes for room; a closed set.
  package enum Kind: Sendable {
    /// May take three quarters, so that the little that the others need stays free.
    case video
    case other
  }

  private struct State {
    var messages: [RerunMessage] = []
    var bytes = 0
    var connections = 0
    var wake: AsyncStream<Void>.Continuation?
    var wakes: AsyncStream<Void>?
    var isEnding = false
  }

  private let limit: Int
  private let state = Mutex(State())

  /// - Parameter limit: bytes that may wait; the messages of one event more, which are encoded already.
  package init(limit: Int) { self.limit = limit }

  /// The number of the connection to a viewer that is there; `nil`: there is none. Who has written for another has to begin
  /// anew.
  package var connection: Int? { state.withLock { $0.wake == nil ? nil : $0.connections } }

  package func hasRoom(for kind: Kind) -> Bool {
    state.withLock { $0.bytes <= (kind == .video ? limit / 4 * 3 : limit) }
  }

  /// Adds messages for a connection; those for another are of no use to anybody.
  package func put(_ messages: [RerunMessage], for connection: Int) {
    guard !messages.isEmpty else { return }
    let wake = state.withLock { state -> AsyncStream<Void>.Continuation? in
      guard state.wake != nil, state.connections == connection else { return nil }
      state.messages += messages
      for message in messages { state.bytes += message.cost }
      return state.wake
    }
    wake?.yield()
  }

  /// A viewer is there, and knows nothing.
  package func open() {
    let (wakes, wake) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    state.withLock { state in
      state.connections += 1
      (state.messages, state.bytes) = ([], 0)
      (state.wakes, state.wake) = (wakes, wake)
      if state.isEnding { wake.finish() }
    }
  }

  /// The viewer is gone.
  package func close() {
    let wake = state.withLock { state in
      let wake = state.wake
      (state.messages, state.bytes) = ([], 0)
      (state.wakes, state.wake) = (nil, nil)
      return wake
    }
    wake?.finish()
  }

  /// Nothing more comes: what waits is given out, then comes the end.
  package func end() {
    let wake = state.withLock { state in
      state.isEnding = true
      return state.wake
    }
    wake?.finish()
  }

  /// What waits, once there is something; `nil` at the end.
  package func next() async -> [RerunMessage]? {
    while true {
      let (messages, wakes) = state.withLock { state in
        defer { (state.messages, state.bytes) = ([], 0) }
        return (state.messages, state.wakes)
      }
      if !messages.isEmpty { return messages }
      guard let wakes else { return nil }
      var iterator = wakes.makeAsyncIterator()
      guard await iterator.next() == nil else { continue }
      // Ended: what came in between is given out.
      let rest = state.withLock { state in
        defer { (state.messages, state.bytes) = ([], 0) }
        return state.messages
      }
      return rest.isEmpty ? nil : rest
    }
  }
}
