import BusMessages
import Clocks
import DequeModule
import Logging
import MediaModel
import MessageSpool
import Observability
import RabbitMQ
import Synchronization

/// Sends what is published; runs on a thread of its own.
///
/// The order of messages is: what was sent and is not confirmed, ``ready``, the rest of the spool, the outbox. What is
/// newer is put on disk only after what is older, so that the order survives any loss of the connection.
struct PublisherLoop {
  typealias Entry = Outgoing<SpoolPosition>

  static let setupChannel: UInt16 = 1
  static let publishChannel: UInt16 = 2

  let bus: BusState
  var window: PublishWindow<SpoolPosition>
  /// Taken out of spool or outbox, to be sent next.
  var ready: Deque<Entry> = []

  // The spool
  /// What was read of the spool.
  var cursor: SpoolPosition?
  /// Whether there may be more behind the cursor.
  var hasUnreadSpool: Bool
  /// What may have been sent on an earlier connection.
  var sentThrough: SpoolPosition?
  /// What may be removed from the spool.
  var removable: SpoolPosition?
  /// Whether something was put on disk that a power cut would take away.
  var isSpoolDirty = false
  /// Not before, since the disk did not want messages lately.
  var nextSpoolAttempt = HostTime(nanos: .min)

  // The connection
  var isBrokerBlocked = false
  var problems: [Topic: String] = [:]
  var declaredVideoQueues: Set<VideoQueueDeclaration> = []
  var nextTopologyCheck = HostTime(nanos: .max)
  private var backOff = BackOff(first: .seconds(1), longest: .seconds(30))
  private var outage: (since: HostTime, error: AMQPError)?
  /// The content type that was used last, as the library wants it.
  var contentType = AMQPBytes(BusMessage.json)

  init(_ bus: BusState) {
    self.bus = bus
    window = PublishWindow(
      limits: .init(messages: bus.options.windowMessages, bytes: bus.options.windowBytes))
    hasUnreadSpool = !bus.spool.isEmpty
  }

  mutating func run() {
    while let error = connectAndServe() {
      noteOutage(error)
      keepWhatWasNotConfirmed()
      waitForNextAttempt(backOff.failed())
      if bus.isStopping { break }
    }
    finish()
  }

  /// - Returns: why the connection ended; `nil` when it was meant to.
  private mutating func connectAndServe() -> AMQPError? {
    do throws(AMQPError) {
      var connection = try AMQPConnection(
        to: bus.options.address, name: "worldsystem \(bus.options.node) publisher")
      declaredVideoQueues = []
      try connection.openChannel(Self.setupChannel)
      try connection.openChannel(Self.publishChannel)
      try connection.selectConfirms(on: Self.publishChannel)
      try declareTopics(&connection)
      try declareVideoQueues(&connection)
      noteConnected(connection.place)
      try serve(&connection)
      connection.close()
      return nil
    } catch {
      return error
    }
  }

  private mutating func serve(_ connection: inout AMQPConnection) throws(AMQPError) {
    while true {
      try handleEvents(&connection)
      try declareVideoQueues(&connection)
      if bus.clocks.host() >= nextTopologyCheck { try declareTopics(&connection) }
      let isCongested = try send(&connection)
      if isCongested || hasUnreadSpool { spoolWhenCrowded() }
      settleWaiters()
      bus.unconfirmed.store(window.count, ordering: .relaxed)
      if let deadline = bus.stopDeadline, isDrained || bus.clocks.host() >= deadline { return }
      sleep(connection, isCongested: isCongested)
    }
  }

  private var isDrained: Bool {
    window.isEmpty && ready.isEmpty && !hasUnreadSpool && bus.outgoing.withLock { $0.outbox.isEmpty }
  }

  private mutating func sleep(_ connection: borrowing AMQPConnection, isCongested: Bool) {
    let canSend = window.hasRoom && !isBrokerBlocked && !isCongested
    guard !canSend || (ready.isEmpty && !hasUnreadSpool) else { return }
    let (sleeps, waiting) = bus.outgoing.withLock { outgoing in
      (outgoing.outbox.fallAsleep(canSend ? .untilAny : .untilHalfFull), outgoing.outbox.count)
    }
    bus.metrics.queued(unconfirmed: window.count, waiting: waiting)
    // With more than half of the memory used and a disk that takes nothing, there is nothing to do but to wait a bit.
    let milliseconds = sleeps ? 1_000 : canSend ? 0 : 50
    // A window that is full opens with an answer, not with room to send.
    let awaitsRoom = isCongested && window.hasRoom && !isBrokerBlocked
    connection.wait(for: bus.toPublisher, milliseconds: milliseconds, orToSend: awaitsRoom)
    bus.outgoing.withLock { $0.outbox.wakeUp() }
  }

  // MARK: The broker is away

  private mutating func waitForNextAttempt(_ delay: Nanoseconds) {
    let end = bus.clocks.host().advanced(by: delay)
    while !bus.isStopping {
      spoolOutbox()
      settleWaiters()
      let rest = end.since(bus.clocks.host())
      guard rest > .zero else { return }
      _ = bus.outgoing.withLock { $0.outbox.fallAsleep(.untilHalfFull) }
      // Ten times a second what came in goes to disk: whoever pulls the plug loses no more.
      bus.toPublisher.wait(milliseconds: min(100, Int(rest.milliseconds.rounded(.up))))
      bus.outgoing.withLock { $0.outbox.wakeUp() }
    }
  }

  private mutating func noteConnected(_ place: AMQPPlace) {
    backOff.succeeded()
    isBrokerBlocked = false
    bus.standing.withLock { standing in
      standing.isPublisherConnected = true
      standing.connections += 1
      standing.outage = nil
    }
    bus.toConsumer.ring()
    bus.metrics.isConnected(.publisher, true)
    let waiting = bus.spool.messages
    guard let outage else {
      bus.logger.info("connected to the broker", metadata: [.url: "\(place)", .count: "\(waiting)"])
      return
    }
    self.outage = nil
    let seconds = bus.clocks.host().since(outage.since).milliseconds.rounded() / 1_000
    bus.logger.notice(
      "the broker is back, messages that waited are delivered",
      metadata: [.url: "\(place)", .duration: "\(seconds)", .count: "\(waiting)"])
  }

  private mutating func noteOutage(_ error: AMQPError) {
    let wasConnected = bus.standing.withLock { standing in
      defer {
        standing.isPublisherConnected = false
        standing.outage = error.description
      }
      return standing.isPublisherConnected
    }
    bus.metrics.isConnected(.publisher, false)
    if wasConnected { bus.metrics.lost(.publisher) }
    let place = AMQPPlace(bus.options.address)
    // The broker may be there again and refuse us: that is another matter, worth another line.
    guard let known = outage, known.error.isSameKind(as: error) else {
      outage = (outage?.since ?? bus.clocks.host(), error)
      bus.logger.warning(
        "no broker, messages wait on disk", metadata: [.url: "\(place)", .error: "\(error)"])
      return
    }
    bus.logger.debug("still no broker", metadata: [.url: "\(place)", .error: "\(error)"])
  }
}

extension AMQPError {
  /// Whether an operator would do the same about both. A lost connection and one that cannot be made are alike.
  func isSameKind(as other: AMQPError) -> Bool {
    func kind(_ error: AMQPError) -> Int {
      switch error {
      case .unreachable, .lost: 0
      case .refused: 1
      case .insecure: 2
      case .closed, .channelClosed: 3
      case .clash, .malformed, .badAddress, .headersTooLarge: 4
      }
    }
    return kind(self) == kind(other)
  }
}
