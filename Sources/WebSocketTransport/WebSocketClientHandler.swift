import NIOCore
import NIOWebSocket

/// The client's end of a WebSocket: masks, answers pings, pings itself, and turns frames into messages.
final class WebSocketClientHandler: ChannelDuplexHandler {
  typealias InboundIn = WebSocketFrame
  typealias InboundOut = WebSocketMessage
  typealias OutboundIn = WebSocketMessage
  typealias OutboundOut = WebSocketFrame

  private let options: WebSocketClientOptions
  private var assembler: MessageAssembler
  private var pinger: RepeatedTask?
  private var lastHeard = NIODeadline.now()
  private var hasSentClose = false
  private var closeTimer: Scheduled<Void>?

  init(options: WebSocketClientOptions) {
    self.options = options
    assembler = MessageAssembler(limit: options.messageBytes)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    lastHeard = .now()
    let (bound, boundContext) = (
      NIOLoopBound(self, eventLoop: context.eventLoop), NIOLoopBound(context, eventLoop: context.eventLoop)
    )
    pinger = context.eventLoop.scheduleRepeatedTask(
      initialDelay: options.pingInterval, delay: options.pingInterval
    ) { _ in
      bound.value.ping(context: boundContext.value)
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    pinger?.cancel()
    closeTimer?.cancel()
  }

  func channelInactive(context: ChannelHandlerContext) {
    pinger?.cancel()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    lastHeard = .now()
    do throws(WebSocketError) {
      switch try assembler.receive(unwrapInboundIn(data)) {
      case .message(let message): context.fireChannelRead(wrapInboundOut(message))
      case .ping(let payload): send(.pong, payload, context: context)
      case .pong, .none: break
      case .close(let code, let reason): closed(code: code, reason: reason, context: context)
      }
    } catch {
      context.fireErrorCaught(error)
      context.close(promise: nil)
    }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let frame =
      switch unwrapOutboundIn(data) {
      case .text(let text): WebSocketFrame(fin: true, opcode: .text, maskKey: .random(), data: ByteBuffer(string: text))
      case .binary(let bytes): WebSocketFrame(fin: true, opcode: .binary, maskKey: .random(), data: bytes)
      }
    context.write(wrapOutboundOut(frame), promise: promise)
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    guard mode != .input, !hasSentClose, context.channel.isActive else {
      context.close(mode: mode, promise: promise)
      return
    }
    hasSentClose = true
    var payload = ByteBuffer()
    payload.write(webSocketErrorCode: .normalClosure)
    send(.connectionClose, payload, context: context)
    // RFC 6455 §7.1.1: the peer answers once it has taken everything before. Closing the socket at once could throw
    // away messages that are still on their way.
    let boundContext = NIOLoopBound(context, eventLoop: context.eventLoop)
    closeTimer = context.eventLoop.scheduleTask(in: options.closeTimeout) { boundContext.value.close(promise: nil) }
    if let promise { context.channel.closeFuture.cascade(to: promise) }
  }

  private func closed(code: UInt16?, reason: String, context: ChannelHandlerContext) {
    if let code, code != 1000, code != 1001 {
      context.fireErrorCaught(WebSocketError.closed(code: code, reason: reason))
    }
    if !hasSentClose {
      hasSentClose = true
      var payload = ByteBuffer()
      payload.writeInteger(code ?? 1000)
      send(.connectionClose, payload, context: context)
    }
    context.close(promise: nil)
  }

  private func ping(context: ChannelHandlerContext) {
    let silence = NIODeadline.now() - lastHeard
    if silence > .nanoseconds(options.pingInterval.nanoseconds * 3) {
      context.close(promise: nil)
    } else {
      send(.ping, ByteBuffer(), context: context)
    }
  }

  private func send(_ opcode: WebSocketOpcode, _ payload: ByteBuffer, context: ChannelHandlerContext) {
    let frame = WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: payload)
    context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
  }
}
