package import FoxgloveProtocol
package import NIOCore
internal import Synchronization
internal import WebSocketProtocol

/// A client that is connected: what it wants, and what waits for its connection.
// The session and the queue are behind one lock, since whoever brings messages asks the one and fills the other.
package final class FoxgloveLink: Sendable {
  /// Bytes ready for the socket: a frame's beginning, and what may be shared with others.
  package struct Frame {
    package var head: ByteBuffer
    package var body: ByteBuffer?
  }

  private struct State {
    var session: FoxgloveSession
    var queue: FoxgloveQueue
    /// Text and state messages: few, and never left out.
    var control: [Frame] = []
    var isAwake = false
    var isClosed = false
  }

  /// More answers than this wait for a client that does not read only if it asks and asks: it is closed.
  private static let controlLimit = 256

  private let state: Mutex<State>
  private let metrics: FoxgloveMetrics
  private let wake: @Sendable () -> Void

  /// - Parameter wake: is called, on any thread, when there is something to send again.
  package init(
    _ info: FoxgloveServerInfo, limits: FoxgloveQueue.Limits = .init(), metrics: FoxgloveMetrics,
    wake: @escaping @Sendable () -> Void
  ) {
    state = Mutex(State(session: FoxgloveSession(info), queue: FoxgloveQueue(limits)))
    self.metrics = metrics
    self.wake = wake
  }

  /// Tells the client what there is.
  package func open(with channels: [FoxgloveChannel]) {
    let wakes = state.withLock { state in
      let texts = state.session.opened(with: channels)
      return Self.add(texts, to: &state)
    }
    if wakes { wake() }
  }

  /// Takes a message of the client.
  /// - Returns: what it leads to, but for the answers, which wait here; `nil`: the client does not read them and asks on.
  package func received(_ message: ByteBuffer, isText: Bool) -> FoxgloveSession.Effects? {
    let (effects, wakes) = state.withLock { state -> (FoxgloveSession.Effects?, Bool) in
      var effects = isText ? state.session.received(text: message) : state.session.received(binary: message)
      guard state.control.count + effects.replies.count <= Self.controlLimit else { return (nil, false) }
      for id in effects.unsubscribed { state.queue.forget(id) }
      let wakes = Self.add(effects.replies, to: &state)
      effects.replies = []
      return (effects, wakes)
    }
    if wakes { wake() }
    return effects
  }

  /// Has a message wait if the client wants its topic. Never waits itself.
  package func offer(_ message: FoxgloveMessage) {
    var dropped = 0
    let wakes = state.withLock { state in
      guard !state.isClosed, state.session.subscription(to: message.channelID) != nil else { return false }
      dropped = state.queue.offer(message)
      return Self.awaken(&state)
    }
    if dropped > 0 { metrics.recordDropped(dropped) }
    if wakes { wake() }
  }

  /// Leaves out what waits: the player jumped.
  package func clear() { state.withLock { $0.queue.clear() } }

  /// Whether the client wants a channel.
  package func wants(_ channelID: UInt32) -> Bool {
    state.withLock { $0.session.subscription(to: channelID) != nil }
  }

  /// Has the state of a recording that is played go out.
  package func send(_ playback: PlaybackState) {
    let wakes = state.withLock { state in
      guard !state.isClosed else { return false }
      state.control.append(Frame(head: WebSocketFraming.message(.binary, payload: playback.encoded)))
      return Self.awaken(&state)
    }
    if wakes { wake() }
  }

  /// How many messages wait.
  package var waiting: Int { state.withLock { $0.queue.count } }

  /// What to send next, for as long as the connection takes any.
  package func next() -> Frame? {
    let frame = state.withLock { state -> Frame? in
      state.isAwake = false
      if !state.control.isEmpty { return state.control.removeFirst() }
      while let message = state.queue.next() {
        guard let subscription = state.session.subscription(to: message.channelID) else { continue }
        var head = ByteBufferAllocator().buffer(
          capacity: WebSocketFraming.headerBytes + FoxgloveBinary.headerBytes)
        WebSocketFraming.writeHeader(
          .binary, payloadBytes: FoxgloveBinary.headerBytes + message.data.readableBytes, into: &head)
        FoxgloveBinary.writeMessageHeader(
          subscription: subscription, logTime: message.logTime, into: &head)
        return Frame(head: head, body: message.data)
      }
      return nil
    }
    if frame?.body != nil { metrics.recordSent() }
    return frame
  }

  /// The client is gone.
  package func close() {
    state.withLock { state in
      state.isClosed = true
      state.control = []
      state.queue = FoxgloveQueue()
    }
  }

  private static func add(_ texts: [ByteBuffer], to state: inout State) -> Bool {
    guard !state.isClosed, !texts.isEmpty else { return false }
    state.control += texts.map { Frame(head: WebSocketFraming.message(.text, payload: $0)) }
    return awaken(&state)
  }

  private static func awaken(_ state: inout State) -> Bool {
    defer { state.isAwake = true }
    return !state.isAwake
  }
}
