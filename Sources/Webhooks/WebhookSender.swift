import AsyncHTTPClient
public import Clocks
import Foundation
import MediaModel
public import NIOCore
import NIOHTTP1
import Synchronization

/// Posts to endpoints; tests replace it.
public protocol WebhookSender: Sendable {
  /// Posts once and waits for the answer, for a bounded time.
  func post(_ body: ByteBuffer, headers: [(String, String)], to url: String) async -> WebhookAnswer

  /// Nothing follows.
  func shutDown() async
}

/// Posts by HTTP. Redirects are not followed, and answers are not read.
public final class HTTPWebhookSender: WebhookSender {
  private let group: any EventLoopGroup
  /// Made by the first post: a client that was made has to be shut down.
  private let client = Mutex<HTTPClient?>(nil)
  private let clocks: SystemClocks
  private let timeout: TimeAmount

  /// - Parameter timeout: for one request, from connecting to the head of the answer.
  public init(group: any EventLoopGroup, clocks: SystemClocks = .system, timeout: TimeAmount = .seconds(10)) {
    self.group = group
    self.clocks = clocks
    self.timeout = timeout
  }

  private func connected() -> HTTPClient {
    client.withLock { client in
      if let client { return client }
      var configuration = HTTPClient.Configuration(
        redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5), read: timeout))
      // Spans are of frames, and endpoints learn no more than they are told.
      configuration.tracing.tracer = nil
      let made = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
      client = made
      return made
    }
  }

  public func post(_ body: ByteBuffer, headers: [(String, String)], to url: String) async -> WebhookAnswer {
    var request = HTTPClientRequest(url: url)
    request.method = .POST
    if let parts = URLComponents(string: url), let user = parts.user {
      request.setBasicAuth(username: user, password: parts.password ?? "")
    }
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    request.body = .bytes(body)
    do {
      // Without a logger: the client's records would have the URL.
      let answer = try await connected().execute(request, timeout: timeout)
      let wait = answer.headers.first(name: "Retry-After").flatMap { RetryAfter.parse($0, now: clocks.wall()) }
      return .status(Int(answer.status.code), retryAfter: wait)
    } catch let error as HTTPClientError {
      // Short names such as "connectTimeout" or "invalidURL"; none has the URL.
      return .failed(error.shortDescription)
    } catch {
      // The name of its type, such as NIOConnectionError: the rest would have the address.
      return .failed("\(type(of: error))")
    }
  }

  public func shutDown() async { try? await client.withLock { $0.take() }?.shutdown() }
}
