public import NIOCore
public import NIOHTTP1

/// Takes the `Upgrade` header off a first request that will not become a WebSocket.
///
/// NIO's typed upgrade handler loses the head of a request whose upgraders all refuse (it keeps the parts after it
/// only), so a refusal must not get that far. Stands between the HTTP decoder and that handler, and leaves with the
/// first request, because what follows an upgrade is no HTTP.
public final class WebSocketUpgradeGate: ChannelInboundHandler, RemovableChannelHandler {
  public typealias InboundIn = HTTPServerRequestPart
  public typealias InboundOut = HTTPServerRequestPart

  private let accepts: (HTTPRequestHead, any Channel) -> Bool

  init(accepts: @escaping (HTTPRequestHead, any Channel) -> Bool) { self.accepts = accepts }

  public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var part = unwrapInboundIn(data)
    if case .head(var head) = part, head.headers.contains(name: "Upgrade"), !accepts(head, context.channel) {
      head.headers.remove(name: "Upgrade")
      part = .head(head)
    }
    context.fireChannelRead(wrapInboundOut(part))
    context.pipeline.syncOperations.removeHandler(self, promise: nil)
  }
}
