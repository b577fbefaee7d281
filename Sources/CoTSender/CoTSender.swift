import BusMessages
public import Clocks
import CursorOnTarget
public import Logging
import MediaModel
public import MessageBus
import Metrics
import NIOCore
public import NIOPosix
import Observability
public import ServiceLifecycle
import Synchronization

/// Tells users of ATAK where the phones and drones of this server are, and what they see: positions of the bus as
/// Cursor-on-Target, by UDP to one address or a group, or by TCP to a server, to which it connects again.
///
/// Nobody waits for it: what cannot be sent is left out and counted.
public final class CoTSender: Service {
  /// How often is looked at what is due.
  private static let tick = Nanoseconds.milliseconds(100)

  private let options: CoTSenderOptions
  private let subscription: BusSubscription
  private let feed: Mutex<CoTFeed>
  private let group: MultiThreadedEventLoopGroup
  private let clocks: SystemClocks
  private let logger: Logger
  private let sent = Counter(label: "worldsystem_cot_events_total")
  private let dropped = Counter(label: "worldsystem_cot_events_dropped_total")

  /// Joins the bus at once.
  /// - Parameter node: names this server in the identifiers of events.
  public init(
    options: CoTSenderOptions, node: String, bus: any MessageBus, group: MultiThreadedEventLoopGroup,
    clocks: SystemClocks = .system, logger: Logger
  ) {
    self.options = options
    self.group = group
    self.clocks = clocks
    self.logger = logger
    feed = Mutex(CoTFeed(options: options, node: node))
    subscription = bus.subscribe(SubscriptionRequest([.imuData, .worldObjects], messages: 1_024, bytes: 4 << 20))
  }

  /// Sends until the service group shuts down.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      await withTaskGroup(of: Void.self) { tasks in
        tasks.addTask { await self.listen() }
        tasks.addTask {
          switch self.options.address.transport {
          case .udp: await self.sendDatagrams()
          case .tcp: await self.sendStream()
          }
        }
      }
    }
  }

  private func listen() async {
    while let delivery = await subscription.next() {
      let leftOut = feed.withLock { feed in
        let before = feed.leftOut
        feed.take(delivery.message, at: clocks.host())
        return feed.leftOut - before
      }
      if leftOut > 0 { dropped.increment(by: leftOut) }
    }
  }

  /// Waits for the next tick.
  /// - Returns: what is due, as documents; `nil` at the end.
  private func nextEvents() async -> [ByteBuffer]? {
    do { try await Task.sleep(for: .nanoseconds(Self.tick.value)) } catch { return nil }
    let (host, wall) = (clocks.host(), clocks.wall())
    let (deletions, events) = feed.withLock { ($0.deletions(at: wall), $0.due(at: host)) }
    return deletions.map { ByteBuffer(string: $0.xml) } + events.map { ByteBuffer(string: $0.xml) }
  }

  // MARK: UDP

  private func sendDatagrams() async {
    var isFailing = false
    var open: (channel: any Channel, address: SocketAddress)?
    while let events = await nextEvents() {
      guard !events.isEmpty else { continue }
      do {
        if open == nil { open = try await openDatagrams() }
        guard let (channel, address) = open else { continue }
        for event in events {
          try await channel.writeAndFlush(AddressedEnvelope(remoteAddress: address, data: event))
          sent.increment()
        }
        if isFailing { logger.notice("positions are sent again", metadata: [.url: "\(options.address)"]) }
        isFailing = false
      } catch {
        dropped.increment(by: events.count)
        if !isFailing {
          logger.warning(
            "positions cannot be sent", metadata: [.url: "\(options.address)", .error: "\(error)"])
        }
        isFailing = true
        try? await open?.channel.close()
        open = nil
      }
    }
    try? await open?.channel.close()
  }

  private func openDatagrams() async throws -> (channel: any Channel, address: SocketAddress) {
    let address = try SocketAddress.makeAddressResolvingHost(options.address.host, port: options.address.port)
    let local = address.protocol == .inet6 ? "::" : "0.0.0.0"
    let channel = try await DatagramBootstrap(group: group).bind(host: local, port: 0).get()
    return (channel, address)
  }

  // MARK: TCP

  private func sendStream() async {
    var backOff = BackOff(first: .seconds(1), longest: .seconds(30))
    while !Task.isCancelled {
      var reason = "the server closed the connection"
      do {
        let channel = try await ClientBootstrap(group: group).connectTimeout(.seconds(5)).connect(
          host: options.address.host, port: options.address.port
        ).get()
        backOff.succeeded()
        logger.info("connected to server of positions", metadata: [.url: "\(options.address)"])
        await send(on: channel)
        try? await channel.close()
      } catch {
        reason = "\(error)"
      }
      if Task.isCancelled { return }
      let wait = backOff.failed()
      logger.warning(
        "server of positions is not connected, trying again",
        metadata: [.url: "\(options.address)", .reason: "\(reason)", .delaySeconds: "\(wait.seconds)"])
      try? await Task.sleep(for: .nanoseconds(wait.value))
    }
  }

  /// Sends until the connection is gone, or the task is cancelled.
  private func send(on channel: any Channel) async {
    while channel.isActive, let events = await nextEvents() {
      for event in events {
        // What waits in front of a slow server is bounded by the high-water mark of the channel.
        guard channel.isActive, channel.isWritable else {
          dropped.increment()
          continue
        }
        channel.writeAndFlush(event, promise: nil)
        sent.increment()
      }
    }
  }
}
