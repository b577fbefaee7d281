import BusMessages
import Clocks
import DequeModule
import Logging
import MediaModel
import MessageBus
import Observability
import RabbitMQ
import Synchronization

/// Receives what subscriptions and readers of video want; runs on a thread of its own. There is a connection only while
/// somebody wants something.
struct ConsumerLoop {
  /// One intake on the connection that is there now.
  struct Line {
    let intake: Intake
    /// Delivered, offered, and not acknowledged yet.
    var tags: Deque<UInt64> = []
    /// How much was taken before the first of `tags`.
    var settled: Int
  }

  let bus: BusState
  /// By channel; each intake has its own, so that what goes wrong with one does not end the others.
  var lines: [UInt16: Line] = [:]
  var channels: [ObjectIdentifier: UInt16] = [:]
  /// What was offered to each intake that acknowledges, on this connection and those before.
  var offered: [ObjectIdentifier: Int] = [:]
  /// Intakes whose queue could not be used, and when to try again.
  var failed: [ObjectIdentifier: HostTime] = [:]
  private var knownVersion = 0
  private var backOff = BackOff(first: .seconds(1), longest: .seconds(30))
  private var failures = 0

  init(_ bus: BusState) { self.bus = bus }

  mutating func run() {
    while !bus.isStopping {
      guard !bus.intakes.isEmpty else {
        bus.toConsumer.wait(milliseconds: 1_000)
        continue
      }
      let error = connectAndServe()
      forgetConnection(bus.isStopping ? .closed : .connectionLost)
      if let error { waitForNextAttempt(error) }
    }
    for intake in bus.intakes.all { intake.reader?.finish(.closed) }
  }

  private mutating func connectAndServe() -> AMQPError? {
    do throws(AMQPError) {
      var connection = try AMQPConnection(
        to: bus.options.address, name: "worldsystem \(bus.options.node) consumer")
      backOff.succeeded()
      failures = 0
      knownVersion = 0
      bus.metrics.isConnected(.consumer, true)
      try serve(&connection)
      connection.close()
      return nil
    } catch {
      return error
    }
  }

  private mutating func serve(_ connection: inout AMQPConnection) throws(AMQPError) {
    while !bus.isStopping {
      try followRegistry(&connection)
      // A bounded number, so that acknowledgements go out between them.
      var events = 0
      while events < 256, let event = try connection.nextEvent() {
        try handle(event, &connection)
        events += 1
      }
      try acknowledge(&connection)
      guard events < 256 else { continue }
      // What is taken slowly is acknowledged a tenth of a second later at most.
      let owes = lines.values.contains { !$0.tags.isEmpty }
      connection.wait(for: bus.toConsumer, milliseconds: owes ? 100 : 1_000)
    }
  }

  /// Opens lines for intakes that came, closes those of intakes that went.
  private mutating func followRegistry(_ connection: inout AMQPConnection) throws(AMQPError) {
    let version = bus.intakes.version
    let isRetryDue = !failed.isEmpty && failed.values.contains { $0 <= bus.clocks.host() }
    guard version != knownVersion || isRetryDue else { return }
    knownVersion = version
    let intakes = Dictionary(uniqueKeysWithValues: bus.intakes.all.map { (ObjectIdentifier($0), $0) })
    for (id, channel) in channels where intakes[id] == nil {
      try connection.closeChannel(channel)
      lines[channel] = nil
      channels[id] = nil
    }
    for id in failed.keys where intakes[id] == nil { failed[id] = nil }
    for id in offered.keys where intakes[id] == nil { offered[id] = nil }
    let now = bus.clocks.host()
    for (id, intake) in intakes where channels[id] == nil && failed[id] ?? now <= now {
      try open(intake, id, &connection)
    }
  }

  private mutating func handle(_ event: AMQPEvent, _ connection: inout AMQPConnection) throws(AMQPError) {
    switch event {
    case .delivered(let delivery): try offer(delivery, &connection)
    case .cancelled(let channel, _):
      guard let line = lines[channel] else { return }
      try connection.closeChannel(channel)
      lost(line, channel, .noQueue, "its queue was deleted")
    case .channelClosed(let channel, let reply):
      guard let line = lines[channel] else { return }
      lost(line, channel, Self.end(reply), reply.description)
    case .confirmed, .rejected, .returned, .blocked, .unblocked: return
    }
  }

  private mutating func lost(_ line: Line, _ channel: UInt16, _ end: VideoQueueEnd, _ reason: String) {
    lines[channel] = nil
    let id = ObjectIdentifier(line.intake)
    channels[id] = nil
    if let reader = line.intake.reader {
      reader.finish(end)
    } else {
      failed[id] = bus.clocks.host().advanced(by: .seconds(1))
      bus.logger.warning("a subscription was ended by the broker and is made again", metadata: [.reason: "\(reason)"])
    }
  }

  static func end(_ reply: AMQPReply) -> VideoQueueEnd {
    reply.code == AMQPReply.notFound ? .noQueue : .refused(reason: reply.description)
  }

  private mutating func offer(
    _ delivery: AMQPDelivery, _ connection: inout AMQPConnection
  ) throws(AMQPError) {
    guard let line = lines[delivery.channel] else { return }
    let isWanted: Bool
    switch line.intake.kind {
    case .subscription: isWanted = offer(delivery, to: line.intake.subscription)
    case .video: isWanted = offer(delivery, to: line.intake.reader)
    }
    guard line.intake.acknowledges else { return }
    if isWanted {
      lines[delivery.channel]?.tags.append(delivery.tag)
      offered[ObjectIdentifier(line.intake), default: 0] += 1
    } else {
      try connection.acknowledge(delivery.tag, upTo: false, on: delivery.channel)
    }
  }

  private func offer(_ delivery: AMQPDelivery, to subscription: BusSubscription?) -> Bool {
    guard let subscription, let topic = bus.exchanges.topic(of: delivery.exchange) else { return false }
    let message = BusMessage(delivery, topic: topic)
    return subscription.offer(
      BusDelivery(message: message, isRedelivered: delivery.isRedelivered || message.isFlaggedRedelivered))
  }

  private func offer(_ delivery: AMQPDelivery, to reader: VideoQueueReader?) -> Bool {
    guard let reader, case .integer(let offset) = delivery.headers[BusMessage.streamOffset] else { return false }
    return reader.offer(
      VideoQueueDelivery(
        offset: UInt64(clamping: offset), message: BusMessage(delivery, topic: .videoStream)))
  }

  /// Tells the broker what was taken.
  private mutating func acknowledge(_ connection: inout AMQPConnection) throws(AMQPError) {
    for (channel, line) in lines where !line.tags.isEmpty {
      let taken = min(line.intake.taken - line.settled, line.tags.count)
      guard taken > 0 else { continue }
      try connection.acknowledge(line.tags[taken - 1], upTo: true, on: channel)
      lines[channel]?.tags.removeFirst(taken)
      lines[channel]?.settled += taken
    }
  }

  // MARK: The broker is away

  private mutating func forgetConnection(_ end: VideoQueueEnd) {
    bus.metrics.isConnected(.consumer, false)
    for line in lines.values { line.intake.reader?.finish(end) }
    lines = [:]
    channels = [:]
    failed = [:]
  }

  private mutating func waitForNextAttempt(_ error: AMQPError) {
    failures += 1
    if failures == 1 { bus.metrics.lost(.consumer) }
    let standing = bus.standing.withLock { $0 }
    // One line for an outage: the publisher writes it, unless it is well.
    if failures == 2, standing.isPublisherConnected {
      bus.logger.warning("subscriptions get nothing from the broker", metadata: [.error: "\(error)"])
    }
    let end = bus.clocks.host().advanced(by: backOff.failed())
    while !bus.isStopping {
      let rest = end.since(bus.clocks.host())
      let isBack = bus.standing.withLock { $0.connections } != standing.connections
      guard rest > .zero, !isBack else { return }
      bus.toConsumer.wait(milliseconds: min(1_000, Int(rest.milliseconds.rounded(.up))))
    }
  }
}
