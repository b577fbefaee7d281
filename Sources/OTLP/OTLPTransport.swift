import AsyncHTTPClient
public import Clocks
import Foundation
public import MediaModel
public import NIOCore
import NIOHTTP1
import Synchronization

/// What a collector said to one request.
public enum CollectorAnswer: Hashable, Sendable {
  /// It answered with this status, and asked for so much time if it did.
  case status(Int, retryAfter: Nanoseconds?, body: ByteBuffer = ByteBuffer())
  /// There was no answer, for this reason, which names no URL.
  case failed(String)
}

/// Takes requests to a collector; tests replace it.
public protocol OTLPTransport: Sendable {
  /// Posts once and waits for the answer, for a bounded time.
  func post(_ body: ByteBuffer) async -> CollectorAnswer

  /// Nothing follows.
  func shutDown() async
}

/// Posts by HTTP to `<endpoint>/v1/traces`.
public final class HTTPCollector: OTLPTransport {
  /// What is read of an answer.
  private static let answerBytes = 64 << 10

  private let group: any EventLoopGroup
  /// Made by the first post: a client that was made has to be shut down.
  private let client = Mutex<HTTPClient?>(nil)
  private let url: String
  private let agent: String
  private let clocks: SystemClocks

  /// - Parameters:
  ///   - endpoint: without `/v1/traces`.
  ///   - agent: for the header `User-Agent`.
  public init(endpoint: String, agent: String, group: any EventLoopGroup, clocks: SystemClocks = .system) {
    url = (endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint) + "/v1/traces"
    self.agent = agent
    self.clocks = clocks
    self.group = group
  }

  private func connected() -> HTTPClient {
    client.withLock { client in
      if let client { return client }
      var configuration = HTTPClient.Configuration(
        redirectConfiguration: .disallow, timeout: .init(connect: .seconds(3), read: .seconds(10)))
      // Otherwise each request makes a span, which makes a request.
      configuration.tracing.tracer = nil
      let made = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
      client = made
      return made
    }
  }

  public func post(_ body: ByteBuffer) async -> CollectorAnswer {
    var request = HTTPClientRequest(url: url)
    request.method = .POST
    if let parts = URLComponents(string: url), let user = parts.user {
      request.setBasicAuth(username: user, password: parts.password ?? "")
    }
    request.headers.add(name: "Content-Type", value: "application/json")
    request.headers.add(name: "User-Agent", value: agent)
    request.body = .bytes(body)
    do {
      // Without a logger: the client's records would have the URL.
      let answer = try await connected().execute(request, timeout: .seconds(10))
      let text = (try? await answer.body.collect(upTo: Self.answerBytes)) ?? ByteBuffer()
      let wait = answer.headers.first(name: "Retry-After").flatMap { RetryAfter.parse($0, now: clocks.wall()) }
      return .status(Int(answer.status.code), retryAfter: wait, body: text)
    } catch let error as HTTPClientError {
      return .failed(error.shortDescription)
    } catch {
      // The name of its type, such as NIOConnectionError: the rest would have the address.
      return .failed("\(type(of: error))")
    }
  }

  public func shutDown() async { try? await client.withLock { $0.take() }?.shutdown() }
}
