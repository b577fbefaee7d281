import BusMessages
public import Clocks
public import Logging
import MediaModel
public import MessageBus
import Observability
public import ServiceLifecycle

/// Posts lifecycle events of this node to HTTP endpoints, signed, each in order and until it is taken.
///
/// Events of other nodes are left out: each node posts its own, so that on a common broker nothing is posted twice.
/// What waits is kept in memory; when the service ends, it is tried for a bounded time.
public final class WebhookService: Service {
  /// What to post where.
  public struct Configuration: Sendable {
    /// Endpoints. They may carry secrets and are logged without them.
    public var urls: [String]
    /// This node: events of others are not posted.
    public var node: String
    /// In the header `User-Agent`.
    public var version: String
    public var policy = WebhookPolicy()
    /// At the end, what waits is tried for so long.
    public var finalTime = Nanoseconds.seconds(3)

    public init(urls: [String], node: String, version: String) {
      self.urls = urls
      self.node = node
      self.version = version
    }
  }

  private let configuration: Configuration
  private let subscription: BusSubscription
  private let endpoints: [WebhookEndpoint]
  private let sender: any WebhookSender
  private let clocks: SystemClocks
  private let logger: Logger

  /// Subscribes at once, so that no event is missed before ``run()``.
  /// - Parameters:
  ///   - bus: carries the events.
  ///   - secret: reads the keys anew; `nil`: nothing is signed.
  /// - Throws: what `secret` throws.
  public init(
    configuration: Configuration, bus: any MessageBus, secret: (@Sendable () throws -> WebhookSecret)?,
    sender: any WebhookSender, clocks: SystemClocks = .system, logger: Logger
  ) throws {
    self.configuration = configuration
    self.sender = sender
    self.clocks = clocks
    self.logger = logger
    let keys = try secret.map { try SecretKeeper($0) }
    let metrics = WebhookMetrics()
    endpoints = configuration.urls.map {
      WebhookEndpoint(
        url: $0, agent: "worldsystem/\(configuration.version)", policy: configuration.policy, keys: keys,
        sender: sender,
        metrics: metrics, clocks: clocks, logger: logger)
    }
    subscription = bus.subscribe(SubscriptionRequest([.events]))
  }

  /// Posts until the task is cancelled or the service group shuts down.
  public func run() async throws {
    if !endpoints.isEmpty {
      logger.info("lifecycle events go to webhooks", metadata: [.count: "\(endpoints.count)"])
    }
    await withTaskGroup(of: Ended.self) { tasks in
      for endpoint in endpoints {
        tasks.addTask {
          await endpoint.run()
          return .endpoint
        }
      }
      await withTaskCancellationOrGracefulShutdownHandler {
        while let delivery = await self.subscription.next() { self.take(delivery.message) }
      } onCancelOrGracefulShutdown: {
        self.subscription.close()
      }
      let deadline = clocks.host().advanced(by: configuration.finalTime)
      for endpoint in endpoints { endpoint.finish(by: deadline) }
      tasks.addTask { [configuration] in
        try? await Task.sleep(nanoseconds: UInt64(max(0, configuration.finalTime.value)))
        return .time
      }
      var running = endpoints.count
      while running > 0, await tasks.next() == .endpoint { running -= 1 }
      tasks.cancelAll()
    }
    let lost = endpoints.reduce(0) { $0 + $1.waiting }
    if lost > 0 {
      logger.warning("events for webhooks were not delivered before the end", metadata: [.count: "\(lost)"])
    }
    await sender.shutDown()
  }

  private enum Ended {
    case endpoint, time
  }

  private func take(_ message: BusMessage) {
    guard let event = try? LifecycleEvent(message.body), event.node == configuration.node else { return }
    for endpoint in endpoints { endpoint.add(WebhookMessage(id: event.id, body: message.body)) }
  }
}
