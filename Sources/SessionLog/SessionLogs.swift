public import Clocks
public import Logging
import MediaModel
public import MessageBus
public import Recording
public import ServiceLifecycle
import Synchronization

/// Writes every session that is recorded also as one MCAP file, with what the bus brings meanwhile.
public final class SessionLogs: Service {
  private let options: SessionLogOptions
  private let metrics = SessionLogMetrics()
  private let clocks: SystemClocks
  private let logger: Logger
  private let subscription: BusSubscription
  /// At most one for each stream of this process.
  private let open = Mutex<[SessionLog]>([])
  private let taken = Atomic<Int>(0)

  /// Messages that came from the bus, and were handed on.
  public var takenMessages: Int { taken.load(ordering: .acquiring) }

  /// Joins the bus at once.
  public init(bus: any MessageBus, options: SessionLogOptions, clocks: SystemClocks = .system, logger: Logger) {
    self.options = options
    self.clocks = clocks
    self.logger = logger
    subscription = bus.subscribe(SubscriptionRequest(SessionMessages.topics, messages: 4_096, bytes: 64 << 20))
  }

  /// What a recorder calls when a session begins.
  public var maker: SessionCompanionMaker {
    { [self] place in
      let log = SessionLog(
        place, options: options, metrics: metrics, clocks: clocks, logger: logger,
        onEnd: { [self] ended in open.withLock { $0.removeAll { $0 === ended } } })
      open.withLock { $0.append(log) }
      return log
    }
  }

  /// Hands on what the bus brings, until the service group shuts down.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      while let delivery = await self.subscription.next() {
        defer { self.taken.add(1, ordering: .releasing) }
        for log in self.open.withLock({ $0 }) { log.add(delivery.message) }
      }
    }
  }
}
