import Access
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOPosix
import WebSocketTransport

/// A connection to the gateway: HTTP/1.1 for the router, or a WebSocket for one of our roles.
struct GatewayChannel: HTTPChannelHandler {
  enum Outcome: Sendable {
    case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
    case webSocket(any Channel)
  }

  struct Value: ServerChildChannelValue {
    let outcome: EventLoopFuture<Outcome>
    let channel: any Channel
  }

  /// The connection is one too many; it is closed without an answer.
  private struct Rejected: Error {}

  let responder: Responder
  let limits: GatewayLimits
  let limiter: ConnectionLimiter
  let rejections: RejectionMetrics
  let admit: @Sendable (HTTPRequestHead, any Channel) -> WebSocketAdmission

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    channel.eventLoop.makeCompletedFuture {
      let address = channel.remoteAddress
      switch limiter.admit(address) {
      case .admitted: break
      case .totalLimitReached:
        rejections.count(.totalLimit)
        throw Rejected()
      case .addressLimitReached:
        rejections.count(.addressLimit)
        throw Rejected()
      }
      channel.closeFuture.whenComplete { _ in limiter.release(address) }
      let upgrader = WebSocketServerUpgrader<Outcome>(admit: admit, result: { .webSocket($0) })
      let upgrade = NIOTypedHTTPServerUpgradeConfiguration<Outcome>(
        upgraders: [upgrader], notUpgradingCompletionHandler: { channel in http(channel, logger: logger) })
      var configuration = NIOUpgradableHTTPServerPipelineConfiguration(upgradeConfiguration: upgrade)
      configuration.enablePipelining = false
      configuration.enableErrorHandling = true
      configuration.enableResponseHeaderValidation = false
      configuration.decoderConfiguration.maxHeaderFieldSize = limits.headerBytes
      configuration.decoderConfiguration.maxHeaderListSize = limits.headerBytes
      let pipeline = channel.pipeline.syncOperations
      let outcome = try pipeline.configureUpgradableHTTPServerPipeline(configuration: configuration)
      try pipeline.addHandler(
        upgrader.makeGate(),
        position: .before(pipeline.handler(type: NIOTypedHTTPServerUpgradeHandler<Outcome>.self)))
      // A peer that connects and says nothing must not hold a place.
      let timeout = channel.eventLoop.scheduleTask(in: limits.handshakeTime) { channel.close(promise: nil) }
      outcome.whenComplete { _ in timeout.cancel() }
      return Value(outcome: outcome, channel: channel)
    }
  }

  private func http(_ channel: any Channel, logger: Logger) -> EventLoopFuture<Outcome> {
    channel.eventLoop.makeCompletedFuture {
      let pipeline = channel.pipeline.syncOperations
      try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
      try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: limits.idleTime, logger: logger))
      return .http(
        try NIOAsyncChannel(
          wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true)))
    }
  }

  func handle(value: Value, logger: Logger) async {
    do {
      switch try await value.outcome.get() {
      case .http(let channel): await handleHTTP(asyncChannel: channel, logger: logger)
      case .webSocket(let channel): try await channel.closeFuture.get()
      }
    } catch {
      value.channel.close(promise: nil)
      // Half-open connections and garbage instead of HTTP end up here all the time.
      logger.debug("connection ended before a request was understood", metadata: ["error": "\(error)"])
    }
  }
}
