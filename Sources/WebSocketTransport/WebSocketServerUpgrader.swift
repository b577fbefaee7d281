public import NIOCore
public import NIOHTTP1
import NIOPosix
import NIOWebSocket
import WebSocketProtocol

#if canImport(Glibc)
  import Glibc
#endif

/// What a server says to a request for a WebSocket.
public enum WebSocketAdmission {
  /// Accepted: `makeRole` is called on the event loop once the handshake is done.
  ///
  /// `subprotocol` is one of those that the client offered; `nil`: none is spoken.
  case accept(WebSocketLimits, subprotocol: String? = nil, makeRole: @Sendable () -> any WebSocketRole)
  /// Not a WebSocket address, or not allowed: the request goes on to the HTTP routes, which answer it.
  case decline
}

/// The server's side of the opening handshake, RFC 6455 §4.2.
///
/// Unlike NIO's own upgrader it adds no frame encoder: roles send frames that are encoded once and shared.
public struct WebSocketServerUpgrader<UpgradeResult: Sendable>: NIOTypedHTTPServerProtocolUpgrader {
  private enum HandshakeError: Error {
    case declined
    case malformed
  }

  private let admit: @Sendable (HTTPRequestHead, any Channel) -> WebSocketAdmission
  private let result: @Sendable (any Channel) -> UpgradeResult

  public let supportedProtocol = "websocket"
  public let requiredUpgradeHeaders: [String] = []

  /// - Parameters:
  ///   - admit: decides by path, origin and token; called on the event loop, twice for an accepted request.
  ///   - result: what the pipeline's owner gets for an upgraded channel.
  public init(
    admit: @escaping @Sendable (HTTPRequestHead, any Channel) -> WebSocketAdmission,
    result: @escaping @Sendable (any Channel) -> UpgradeResult
  ) {
    self.admit = admit
    self.result = result
  }

  /// What stands in front of NIO's upgrade handler and turns a request that will not be accepted into an ordinary one,
  /// for the HTTP routes to answer.
  public func makeGate() -> WebSocketUpgradeGate {
    WebSocketUpgradeGate { head, channel in
      guard Self.isWellFormed(head), case .accept = admit(head, channel) else { return false }
      return true
    }
  }

  private static func isWellFormed(_ head: HTTPRequestHead) -> Bool {
    head.method == .GET && head.headers["Sec-WebSocket-Key"].count == 1
      && head.headers["Sec-WebSocket-Version"] == ["13"]
  }

  public func buildUpgradeResponse(
    channel: any Channel, upgradeRequest: HTTPRequestHead, initialResponseHeaders: HTTPHeaders
  ) -> EventLoopFuture<HTTPHeaders> {
    channel.eventLoop.makeCompletedFuture {
      let keys = upgradeRequest.headers["Sec-WebSocket-Key"]
      guard Self.isWellFormed(upgradeRequest) else { throw HandshakeError.malformed }
      guard case .accept(_, let subprotocol, _) = admit(upgradeRequest, channel) else { throw HandshakeError.declined }
      var headers = initialResponseHeaders
      headers.add(name: "Sec-WebSocket-Accept", value: WebSocketHandshake.accept(key: keys[0]))
      if let subprotocol { headers.add(name: "Sec-WebSocket-Protocol", value: subprotocol) }
      return headers
    }
  }

  public func upgrade(channel: any Channel, upgradeRequest: HTTPRequestHead) -> EventLoopFuture<UpgradeResult> {
    channel.eventLoop.makeCompletedFuture {
      guard case .accept(let limits, _, let makeRole) = admit(upgradeRequest, channel) else {
        throw HandshakeError.declined
      }
      try channel.syncOptions?.setOption(ChannelOptions.tcpOption(.tcp_nodelay), value: 1)
      #if os(Linux)
        // Beyond this the kernel takes no more, so that what is not sent yet waits where it can still be left out.
        let unsentLimit = ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: TCP_NOTSENT_LOWAT))
        try channel.syncOptions?.setOption(unsentLimit, value: limits.writeBufferBytes)
      #endif
      try channel.syncOptions?.setOption(
        .writeBufferWaterMark, value: .init(low: limits.writeBufferBytes / 4, high: limits.writeBufferBytes))
      let pipeline = channel.pipeline.syncOperations
      try pipeline.addHandler(ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: limits.messageBytes)))
      try pipeline.addHandler(WebSocketServerConnection(role: makeRole(), limits: limits))
      return result(channel)
    }
  }
}
