import AsyncHTTPClient
public import Clocks
import MediaModel
public import NIOCore
import NIOHTTP1
import Synchronization

/// Sends requests; tests replace it.
public protocol APISender: Sendable {
  /// Sends once and waits for the answer, for a bounded time.
  func send(_ request: APIRequest) async -> APIAnswer

  /// Nothing follows.
  func shutDown() async
}

/// Sends by HTTP. Redirects are not followed: they would take the key along.
public final class HTTPAPISender: APISender {
  private let group: any EventLoopGroup
  /// Made by the first request: a client that was made has to be shut down.
  private let client = Mutex<HTTPClient?>(nil)
  private let clocks: SystemClocks
  private let timeout: TimeAmount
  private let limitBytes: Int

  /// - Parameters:
  ///   - timeout: for one request, the whole answer included.
  ///   - limitBytes: of an answer; a search of Google Lens has some 100 kB.
  public init(
    group: any EventLoopGroup, clocks: SystemClocks = .system, timeout: TimeAmount = .seconds(60),
    limitBytes: Int = 4 << 20
  ) {
    (self.group, self.clocks, self.timeout, self.limitBytes) = (group, clocks, timeout, limitBytes)
  }

  private func connected() -> HTTPClient {
    client.withLock { client in
      if let client { return client }
      var configuration = HTTPClient.Configuration(
        redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10), read: timeout))
      // Others learn no more than they are told.
      configuration.tracing.tracer = nil
      let made = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
      client = made
      return made
    }
  }

  public func send(_ request: APIRequest) async -> APIAnswer {
    var outgoing = HTTPClientRequest(url: request.url)
    outgoing.method = request.isPost ? .POST : .GET
    for (name, value) in request.headers { outgoing.headers.add(name: name, value: value) }
    if let body = request.body { outgoing.body = .bytes(body) }
    do {
      // Without a logger: the client's records would have the URL.
      let answer = try await connected().execute(outgoing, timeout: timeout)
      guard answer.status == .ok else {
        let wait = answer.headers.first(name: "Retry-After").flatMap { RetryAfter.parse($0, now: clocks.wall()) }
        return .status(Int(answer.status.code), retryAfter: wait)
      }
      return .body(try await answer.body.collect(upTo: limitBytes))
    } catch let error as HTTPClientError {
      // Short names such as "connectTimeout"; none has the URL.
      return .failed(error.shortDescription)
    } catch {
      // The name of its type, such as NIOConnectionError: the rest would have the address.
      return .failed("\(type(of: error))")
    }
  }

  public func shutDown() async { try? await client.withLock { $0.take() }?.shutdown() }
}
