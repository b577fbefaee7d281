import Clocks
public import MediaModel
public import NIOCore
import Synchronization
import TelemetryProtocol
import WebSocketProtocol

/// What a viewer asks for.
public struct ViewerRequest: Hashable, Sendable {
  /// Only what belongs to this stream, and commands to its phones only; `nil`: everything.
  public var stream: StreamName?
  /// Every sample, at any rate.
  public var wantsAllSamples = false
  /// Whether it may send commands.
  public var mayControl = false

  public init(stream: StreamName? = nil, wantsAllSamples: Bool = false, mayControl: Bool = false) {
    self.stream = stream
    self.wantsAllSamples = wantsAllSamples
    self.mayControl = mayControl
  }
}

/// A viewer that is connected: messages wait here for its connection, and its commands go to phones.
public final class ViewerLink: Sendable {
  private struct State {
    var queue: ViewerQueue
    var samples: RateLimit<ByteBuffer>
    var isAwake = false
    var isClosed = false
    var commandSecond: Int64 = 0
    var commands = 0
  }

  public let request: ViewerRequest
  let id: UInt64
  private let hub: TelemetryHub
  private let wake: @Sendable () -> Void
  private let state: Mutex<State>

  init(id: UInt64, request: ViewerRequest, hub: TelemetryHub, wake: @escaping @Sendable () -> Void) {
    self.id = id
    self.request = request
    self.hub = hub
    self.wake = wake
    state = Mutex(
      State(
        queue: ViewerQueue(limits: hub.options.viewerQueue),
        samples: RateLimit(perSecond: request.wantsAllSamples ? nil : hub.options.viewerSampleRate)))
  }

  /// Takes a text message: a command.
  /// - Returns: a framed answer, for what is not passed on.
  public func text(_ message: ByteBuffer) -> ByteBuffer? {
    do throws(TelemetryReject) {
      guard request.mayControl else { throw .notPermitted }
      let now = hub.clocks.host()
      try countCommand(at: now)
      hub.pass(try ViewerCommand(message, limits: hub.options.limits), of: request.stream, receivedAt: now)
      return nil
    } catch {
      hub.metrics.rejected(error)
      return WebSocketFraming.message(.text, payload: ViewerMessages.error(error))
    }
  }

  private func countCommand(at now: HostTime) throws(TelemetryReject) {
    let isTooMany = state.withLock { state in
      let second = now.nanos / 1_000_000_000
      if second != state.commandSecond {
        state.commandSecond = second
        state.commands = 0
      }
      state.commands += 1
      return state.commands > hub.options.viewerCommandRate
    }
    if isTooMany { throw .tooMany }
  }

  /// Has a framed message wait for the connection. Never waits itself.
  func send(_ message: ByteBuffer) {
    var dropped = 0
    let wakes = state.withLock { state in
      guard !state.isClosed else { return false }
      dropped = state.queue.add(message)
      defer { state.isAwake = true }
      return !state.isAwake
    }
    hub.metrics.dropped(.slow, count: dropped)
    if wakes { wake() }
  }

  /// Has a sample wait, or leaves it out when the viewer wants fewer.
  func sendSample(_ message: ByteBuffer, at now: HostTime) {
    var dropped = 0
    var isReplaced = false
    let wakes = state.withLock { state in
      guard !state.isClosed else { return false }
      let (passed, replaced) = state.samples.offer(message, at: now)
      isReplaced = replaced
      if let passed { dropped = state.queue.add(passed) }
      // The connection knows of the deadline already when an older sample waited for it.
      guard passed != nil || !replaced else { return false }
      defer { state.isAwake = true }
      return !state.isAwake
    }
    hub.metrics.dropped(.slow, count: dropped)
    if isReplaced { hub.metrics.dropped(.rate) }
    if wakes { wake() }
  }

  /// The next framed message, for as long as the connection takes any.
  public func next() -> ByteBuffer? {
    let now = hub.clocks.host()
    return state.withLock { state in
      state.isAwake = false
      if let message = state.queue.next() { return message }
      return state.samples.deadlineReached(at: now)
    }
  }

  /// When ``next()`` has something again even if nothing comes; `nil`: when it comes.
  public var nextDeadline: HostTime? { state.withLock { $0.samples.nextDeadline } }

  /// The viewer is gone.
  public func close() {
    let isFirst = state.withLock { state in
      defer { state.isClosed = true }
      return !state.isClosed
    }
    if isFirst { hub.remove(self) }
  }
}
