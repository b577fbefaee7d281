public import NIOCore
import NIOPosix
import NIOWebSocket
public import WebSocketProtocol

/// What a WebSocket endpoint does with its connection. Everything is called on the connection's event loop.
public protocol WebSocketRole: AnyObject {
  /// The handshake is done.
  func opened(_ connection: WebSocketServerConnection)
  /// A message came in.
  func received(_ message: WebSocketMessage)
  /// The connection takes bytes again after `isWritable` was false.
  func becameWritable()
  /// The connection is gone. Called once.
  func closed()
}

extension WebSocketRole {
  public func becameWritable() {}
}

/// Bounds of a server connection.
public struct WebSocketLimits: Sendable {
  /// Bytes of one incoming message; a longer one closes the connection with 1009.
  public var messageBytes: Int
  /// Silence after which the connection is closed. Pings go out three times in that time.
  public var idleTime: TimeAmount
  /// Bytes that may wait unsent, in the kernel or in the channel, before `isWritable` turns false.
  public var writeBufferBytes: Int

  public init(messageBytes: Int = 1 << 20, idleTime: TimeAmount = .seconds(60), writeBufferBytes: Int = 256 << 10) {
    self.messageBytes = messageBytes
    self.idleTime = idleTime
    self.writeBufferBytes = writeBufferBytes
  }
}

/// The server's end of a WebSocket: control frames, limits, idle time and the closing handshake.
///
/// Outgoing messages are whole frames already (see `WebSocketFraming`), so that one encoding serves every receiver.
public final class WebSocketServerConnection: ChannelInboundHandler {
  public typealias InboundIn = WebSocketFrame
  public typealias OutboundOut = ByteBuffer

  private enum State {
    case open
    /// We sent a close frame and wait for the peer's.
    case closing
    case closed
  }

  private let role: any WebSocketRole
  private let limits: WebSocketLimits
  private var assembler: MessageAssembler
  private var context: ChannelHandlerContext?
  private var state = State.open
  private var lastHeard = NIODeadline.now()
  private var pinger: RepeatedTask?
  private var socket: DirectSocket?
  /// Writes that the socket did not take at once and that wait in the channel.
  private var waitingWrites = 0
  private var needsFlush = false

  init(role: any WebSocketRole, limits: WebSocketLimits) {
    self.role = role
    self.limits = limits
    assembler = MessageAssembler(limit: limits.messageBytes)
  }

  // MARK: For the role

  /// Whether more can be sent without piling up.
  public var isWritable: Bool {
    guard state == .open else { return false }
    return socket != nil ? waitingWrites == 0 : context?.channel.isWritable ?? false
  }

  /// The loop that the role lives on.
  public var eventLoop: (any EventLoop)? { context?.eventLoop }

  /// The peer, `host:port`.
  public var peer: String { context?.channel.remoteAddress.map(Self.text(of:)) ?? "unknown" }

  /// Sends a message that is framed already, or has it wait in the channel; `flush()` sends what waits.
  public func write(framed message: ByteBuffer) {
    guard state == .open, let context else { return }
    guard let socket, waitingWrites == 0 else { return wait(message, context: context) }
    switch socket.send(message) {
    case .sent: break
    case .partial(let count):
      var rest = message
      rest.moveReaderIndex(forwardBy: count)
      wait(rest, context: context)
    case .failed: context.close(promise: nil)
    }
  }

  /// Sends what waits in the channel.
  public func flush() {
    guard needsFlush else { return }
    needsFlush = false
    context?.flush()
  }

  private func wait(_ message: ByteBuffer, context: ChannelHandlerContext) {
    needsFlush = true
    guard socket != nil else { return context.write(wrapOutboundOut(message), promise: nil) }
    waitingWrites += 1
    let promise = context.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenSuccess { self.writeLeft() }
    context.write(wrapOutboundOut(message), promise: promise)
  }

  private func writeLeft() {
    waitingWrites -= 1
    if waitingWrites == 0, state == .open { role.becameWritable() }
  }

  /// Sends a text message.
  public func send(text: String) {
    write(framed: WebSocketFraming.message(.text, payload: ByteBuffer(string: text)))
    flush()
  }

  /// Whether messages are taken from the network. While they are not, the peer's wait on its side; those that came
  /// already still come to the role.
  public func setReading(_ isReading: Bool) {
    guard state != .closed, let context else { return }
    lastHeard = .now()
    context.channel.setOption(.autoRead, value: isReading).whenComplete { _ in }
  }

  /// Starts the closing handshake; the connection ends when the peer answers, after two seconds at the latest.
  public func close(_ code: WebSocketCloseCode, reason: String) {
    guard state == .open, let context else { return }
    var payload = ByteBuffer()
    payload.writeInteger(code.rawValue)
    // A control frame carries at most 125 bytes, §5.5.
    payload.writeBytes(reason.utf8.prefix(123))
    context.writeAndFlush(wrapOutboundOut(WebSocketFraming.message(.close, payload: payload)), promise: nil)
    state = .closing
    let channel = context.channel
    context.eventLoop.scheduleTask(in: .seconds(2)) { channel.close(promise: nil) }
  }

  // MARK: ChannelInboundHandler

  public func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    socket = DirectSocket(channel: context.channel)
    lastHeard = .now()
    let interval = TimeAmount.nanoseconds(max(1, limits.idleTime.nanoseconds / 3))
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    pinger = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
      bound.value.checkIdle()
    }
    role.opened(self)
  }

  public func handlerRemoved(context: ChannelHandlerContext) { end() }

  public func channelInactive(context: ChannelHandlerContext) {
    end()
    context.fireChannelInactive()
  }

  public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    lastHeard = .now()
    do throws(WebSocketError) {
      guard let event = try assembler.receive(unwrapInboundIn(data)) else { return }
      handle(event, context: context)
    } catch {
      close(error.closeCode, reason: error.description)
    }
  }

  public func channelWritabilityChanged(context: ChannelHandlerContext) {
    if socket == nil, context.channel.isWritable, state == .open { role.becameWritable() }
    context.fireChannelWritabilityChanged()
  }

  public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case ChannelEvent.inputClosed:
      // A peer that shuts down its sending side without a close frame is gone for us.
      context.close(promise: nil)
    case is ChannelShouldQuiesceEvent: close(.goingAway, reason: "the server is shutting down")
    default: break
    }
    context.fireUserInboundEventTriggered(event)
  }

  public func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case NIOWebSocketError.invalidFrameLength:
      close(.messageTooBig, reason: WebSocketError.messageTooBig(limit: limits.messageBytes).description)
    case is NIOWebSocketError:
      close(.protocolError, reason: "malformed frame")
    default:
      context.close(promise: nil)
    }
  }

  private func handle(_ event: MessageAssembler.Event, context: ChannelHandlerContext) {
    switch event {
    case .message(let message):
      if state == .open { role.received(message) }
    case .ping(let payload):
      write(framed: WebSocketFraming.message(.pong, payload: payload))
      flush()
    case .pong: break
    case .close(let code, _):
      if state == .open {
        close(WebSocketCloseCode(rawValue: code ?? WebSocketCloseCode.normal.rawValue), reason: "")
      }
      context.close(promise: nil)
    }
  }

  private func checkIdle() {
    guard state != .closed, let context else { return }
    if NIODeadline.now() - lastHeard > limits.idleTime {
      context.close(promise: nil)
    } else if isWritable {
      // Nothing to gain from a ping behind a full send buffer.
      write(framed: WebSocketFraming.message(.ping, payload: ByteBuffer()))
      flush()
    }
  }

  private func end() {
    guard state != .closed else { return }
    state = .closed
    socket = nil
    pinger?.cancel()
    pinger = nil
    context = nil
    role.closed()
  }

  private static func text(of address: SocketAddress) -> String {
    switch address {
    case .v4: "\(address.ipAddress ?? "?"):\(address.port ?? 0)"
    case .v6: "[\(address.ipAddress ?? "?")]:\(address.port ?? 0)"
    case .unixDomainSocket: "unix"
    }
  }
}
