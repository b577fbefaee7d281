import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A server on this machine that answers as a script says, and keeps what it was asked.
final class ScriptedAPIServer: Sendable {
  struct Request: Sendable {
    var method: String
    var uri: String
    var headers: [String: String]
    var body: String
  }

  enum Answer: Sendable {
    case json(String)
    case status(Int, headers: [String: String] = [:])
    /// Nothing comes.
    case silence
    /// The connection ends in the middle of the answer.
    case cut
  }

  private struct State {
    var requests: [Request] = []
    var answers: [Answer]
  }

  private let state: Mutex<State>
  private let channel = Mutex<(any Channel)?>(nil)

  /// - Parameter answers: in order; afterwards 500.
  init(_ answers: [Answer]) { state = Mutex(State(requests: [], answers: answers)) }

  var requests: [Request] { state.withLock { $0.requests } }

  /// - Returns: the URL of the server.
  func start(_ group: any EventLoopGroup) async throws -> String {
    let channel = try await ServerBootstrap(group: group)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(Handler(server: self))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    self.channel.withLock { $0 = channel }
    return "http://127.0.0.1:\(channel.localAddress?.port ?? 0)"
  }

  func stop() async throws { try await channel.withLock { $0.take() }?.close() }

  fileprivate func answer(to request: Request) -> Answer {
    state.withLock { state in
      state.requests.append(request)
      return state.answers.isEmpty ? .status(500) : state.answers.removeFirst()
    }
  }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let server: ScriptedAPIServer
    private var request: Request?

    init(server: ScriptedAPIServer) { self.server = server }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head):
        let headers = Dictionary(head.headers.map { ($0.name.lowercased(), $0.value) }) { first, _ in first }
        request = Request(method: head.method.rawValue, uri: head.uri, headers: headers, body: "")
      case .body(let bytes): request?.body += String(buffer: bytes)
      case .end:
        guard let request else { return }
        write(server.answer(to: request), context)
      }
    }

    private func write(_ answer: Answer, _ context: ChannelHandlerContext) {
      var (status, headers, text) = (200, ["Content-Type": "application/json"], "{}")
      switch answer {
      case .silence: return
      case .json(let json): text = json
      case .status(let code, let more): (status, headers) = (code, more)
      case .cut: headers["Content-Length"] = "1000"
      }
      if headers["Content-Length"] == nil { headers["Content-Length"] = "\(text.utf8.count)" }
      let head = HTTPResponseHead(
        version: .http1_1, status: .init(statusCode: status), headers: HTTPHeaders(headers.sorted { $0.key < $1.key }))
      context.write(wrapOutboundOut(.head(head)), promise: nil)
      context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
      if case .cut = answer {
        context.close(promise: nil)
      } else {
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
      }
    }
  }
}
