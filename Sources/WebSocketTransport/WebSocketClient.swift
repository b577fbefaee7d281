public import NIOCore
import NIOHTTP1
public import NIOPosix
public import NIOSSL
import NIOWebSocket
import WebSocketProtocol

/// How a client connects.
public struct WebSocketClientOptions: Sendable {
  /// Sent as `Authorization: Bearer …`.
  public var token: String?
  /// Certificates to trust with `wss://`; `nil` trusts those of the system.
  public var tls: TLSConfiguration?
  /// Bytes of one incoming message.
  public var messageBytes = 16 << 20
  public var connectTimeout: TimeAmount = .seconds(10)
  /// A ping goes out this often; a peer that is silent for three of them is gone.
  public var pingInterval: TimeAmount = .seconds(20)
  /// How long the peer may take to answer a close frame, which it does once it has taken everything before.
  public var closeTimeout: TimeAmount = .seconds(2)

  public init(token: String? = nil, tls: TLSConfiguration? = nil) {
    self.token = token
    self.tls = tls
  }
}

/// An open WebSocket to a server. Valid inside the closure of ``WebSocketClient/withConnection(to:options:group:_:)``.
public struct WebSocketConnection: Sendable {
  /// The peer's messages. It ends when the peer closes with 1000 or 1001, and throws ``WebSocketError`` otherwise.
  public let messages: NIOAsyncChannelInboundStream<WebSocketMessage>
  let outbound: NIOAsyncChannelOutboundWriter<WebSocketMessage>

  /// Sends a message; waits while the connection does not take bytes.
  public func send(_ message: WebSocketMessage) async throws { try await outbound.write(message) }
}

/// Opens WebSockets.
public enum WebSocketClient {
  private enum Opened: Sendable {
    case socket(NIOAsyncChannel<WebSocketMessage, WebSocketMessage>)
    case refused(EventLoopFuture<WebSocketError>)
  }

  /// Connects, runs `body`, and closes.
  /// - Throws: ``WebSocketError`` when the server refuses, an I/O error when it is not reached, or what `body` throws.
  public static func withConnection<Result: Sendable>(
    to endpoint: WebSocketEndpoint, options: WebSocketClientOptions = .init(),
    group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
    _ body: @Sendable (WebSocketConnection) async throws -> Result
  ) async throws -> Result {
    switch try await open(endpoint, options: options, group: group) {
    case .refused(let reason): throw try await reason.get()
    case .socket(let channel):
      return try await channel.executeThenClose { inbound, outbound in
        try await body(WebSocketConnection(messages: inbound, outbound: outbound))
      }
    }
  }

  private static func open(
    _ endpoint: WebSocketEndpoint, options: WebSocketClientOptions, group: any EventLoopGroup
  ) async throws -> Opened {
    let tls = try endpoint.usesTLS ? NIOSSLContext(configuration: options.tls ?? .makeClientConfiguration()) : nil
    let negotiation = try await ClientBootstrap(group: group)
      .connectTimeout(options.connectTimeout)
      .channelOption(ChannelOptions.tcpOption(.tcp_nodelay), value: 1)
      .connect(host: endpoint.host, port: endpoint.port) { channel in
        channel.eventLoop.makeCompletedFuture {
          if let tls {
            // Server name indication takes names only.
            let isAddress = (try? SocketAddress(ipAddress: endpoint.host, port: 0)) != nil
            let handler = try NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : endpoint.host)
            try channel.pipeline.syncOperations.addHandler(handler)
          }
          return try upgrade(channel, to: endpoint, options: options)
        }
      }
    return try await negotiation.get()
  }

  private static func upgrade(
    _ channel: any Channel, to endpoint: WebSocketEndpoint, options: WebSocketClientOptions
  ) throws -> EventLoopFuture<Opened> {
    let upgrader = NIOTypedWebSocketClientUpgrader<Opened>(maxFrameSize: options.messageBytes) { channel, _ in
      channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHandler(WebSocketClientHandler(options: options))
        return .socket(try NIOAsyncChannel(wrappingChannelSynchronously: channel))
      }
    }
    var headers = HTTPHeaders([("Host", endpoint.authority), ("Content-Length", "0")])
    if let token = options.token { headers.add(name: "Authorization", value: "Bearer \(token)") }
    let request = HTTPRequestHead(version: .http1_1, method: .GET, uri: endpoint.target, headers: headers)
    let configuration = NIOTypedHTTPClientUpgradeConfiguration<Opened>(
      upgradeRequestHead: request, upgraders: [upgrader],
      notUpgradingCompletionHandler: { channel in
        channel.eventLoop.makeCompletedFuture {
          let reason = channel.eventLoop.makePromise(of: WebSocketError.self)
          try channel.pipeline.syncOperations.addHandler(RefusalReader(reason: reason))
          return .refused(reason.futureResult)
        }
      })
    return try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(
      configuration: .init(upgradeConfiguration: configuration))
  }
}

/// Reads the status and the first line of the body of a server that refused.
private final class RefusalReader: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart

  private let reason: EventLoopPromise<WebSocketError>
  private var status: HTTPResponseStatus?
  private var body = ByteBuffer()
  private var isDone = false

  init(reason: EventLoopPromise<WebSocketError>) { self.reason = reason }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): status = head.status
    case .body(let part):
      if body.readableBytes < 512 { body.writeImmutableBuffer(part) }
    case .end: finish(context: context)
    }
  }

  func channelInactive(context: ChannelHandlerContext) { finish(context: context) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { finish(context: context) }

  private func finish(context: ChannelHandlerContext) {
    guard !isDone else { return }
    isDone = true
    let text = String(buffer: body).prefix { $0 != "\n" }
    let fallback = status?.reasonPhrase ?? "the connection was closed"
    reason.succeed(.refused(status: Int(status?.code ?? 0), reason: text.isEmpty ? fallback : String(text)))
    context.close(promise: nil)
  }
}
