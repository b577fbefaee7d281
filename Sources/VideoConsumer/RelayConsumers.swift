internal import Clocks
public import Logging
public import MediaModel
public import Relay
public import ServiceLifecycle

/// Services that look at one stream of this process whenever it is live. It is decoded once for all of them.
public struct RelayConsumers: Service {
  private let consumers: [any VideoConsumer]
  private let relay: Relay
  private let stream: StreamName
  private let options: ConsumerRunner.Options
  private let logger: Logger

  /// - Precondition: there is at least one consumer.
  public init(
    _ consumers: [any VideoConsumer], of relay: Relay, stream: StreamName, options: ConsumerRunner.Options,
    logger: Logger
  ) {
    precondition(!consumers.isEmpty, "somebody looks at the stream")
    self.consumers = consumers
    self.relay = relay
    self.stream = stream
    self.options = options
    self.logger = logger
  }

  /// Runs until the service group shuts down.
  public func run() async throws {
    let runner = ConsumerRunner(
      feed: WaitingFeed(relay: relay, name: stream), consumers: consumers, options: options, clocks: relay.clocks,
      logger: logger)
    try await runner.run()
  }
}

/// Units of a stream of this process, from the moment somebody publishes it.
private struct WaitingFeed: UnitFeed {
  let relay: Relay
  let name: StreamName

  var place: String { "stream \(name)" }
  var isLive: Bool { true }

  func run(_ deliver: @Sendable (FeedEvent) async -> Void) async throws {
    while true {
      if let stream = relay.streams().first(where: { $0.name == name }), stream.snapshot().isLive {
        try await RelayFeed(stream: stream).run(deliver)
      }
      try await Task.sleep(for: .milliseconds(250))
    }
  }
}
