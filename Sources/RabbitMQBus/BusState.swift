import BusMessages
import Clocks
import Logging
import MediaModel
import MessageBus
import MessageSpool
import RabbitMQ
import Synchronization

/// What the two threads of a bus and its callers share.
final class BusState: Sendable {
  /// What goes out.
  struct Outgoing {
    var outbox: Outbox
    var waiters = FlushWaiters<CheckedContinuation<Int, Never>>()
    /// Topics whose exchange cannot be used.
    var unusableTopics: Set<Topic> = []
    var videoQueues: [VideoQueueDeclaration] = []
    /// Nobody sends any more.
    var isFinished = false
  }

  /// How it stands, for ``RabbitMQBus/status`` and the other thread.
  struct Standing {
    var isPublisherConnected = false
    /// Counts the connections of the publisher.
    var connections = 0
    var outage: String?
    var clashes: [String] = []
  }

  let options: RabbitMQBusOptions
  let spool: MessageSpool
  let clocks: SystemClocks
  let logger: Logger
  let metrics = RabbitMQBusMetrics()
  let exchanges: Exchanges
  /// Precedes the number in identifiers of messages: unique for this process.
  let idPrefix: AMQPBytes
  let outgoing: Mutex<Outgoing>
  let standing = Mutex(Standing())
  let intakes = IntakeRegistry()
  let toPublisher = Doorbell()
  let toConsumer = Doorbell()
  /// When a stop was asked for, as nanoseconds of the host's clock; 0: not yet.
  private let stopTime = Atomic<Int64>(0)
  let unconfirmed = Atomic<Int>(0)

  init(_ options: RabbitMQBusOptions, spool: MessageSpool, clocks: SystemClocks, logger: Logger) {
    self.options = options
    self.spool = spool
    self.clocks = clocks
    self.logger = logger
    exchanges = Exchanges(options.exchanges)
    // Milliseconds tell the runs of one node apart.
    let boot = String(clocks.wall().nanosSince1970 / 1_000_000, radix: 36)
    idPrefix = AMQPBytes("\(options.node)-\(boot)-")
    outgoing = Mutex(
      Outgoing(outbox: Outbox(limits: Outbox.Limits(messages: options.outboxMessages, bytes: options.outboxBytes))))
  }

  func stop() {
    let now = max(1, clocks.host().nanos)
    _ = stopTime.compareExchange(expected: 0, desired: now, ordering: .relaxed)
    toPublisher.ring()
    toConsumer.ring()
  }

  var isStopping: Bool { stopTime.load(ordering: .relaxed) != 0 }

  /// Until when a stop waits for confirms.
  var stopDeadline: HostTime? {
    let time = stopTime.load(ordering: .relaxed)
    return time == 0 ? nil : HostTime(nanos: time).advanced(by: options.shutdownTimeout)
  }

  /// Messages are lost for good.
  func dropped(_ sequences: [UInt64], _ place: MessageBusMetrics.Place = .outgoing) {
    guard !sequences.isEmpty else { return }
    metrics.common.dropped(place, count: sequences.count)
    outgoing.withLock { $0.waiters.dropped(sequences) }
  }
}
