import BusMessages
import Clocks
import CoreMetrics
import DequeModule
import Logging
import MediaModel
import MessageBus
import MessageSpool
import NIOCore
import Observability
import RabbitMQ
import Synchronization

extension PublisherLoop {
  /// Messages that are sent before answers are looked at.
  private static var burst: Int { 256 }
  private static var batchMessages: Int { 512 }
  private static var batchBytes: Int { 1 << 20 }

  /// Sends some of what waits.
  /// - Returns: whether the connection takes no more for now, so that it may be better to put messages on disk.
  mutating func send(_ connection: inout AMQPConnection) throws(AMQPError) -> Bool {
    var sent = 0
    while window.hasRoom, !isBrokerBlocked, sent < Self.burst {
      // Asked now and then only: a send buffer has room for some more when it says so.
      if sent % 32 == 0, !connection.isWritable { return true }
      if ready.isEmpty { refill() }
      guard let entry = ready.popFirst() else { return false }
      try send(entry, connection: &connection)
      sent += 1
    }
    return !window.hasRoom || isBrokerBlocked
  }

  private mutating func send(_ entry: Entry, connection: inout AMQPConnection) throws(AMQPError) {
    let topic = entry.message.topic
    if !problems.isEmpty, bus.outgoing.withLock({ $0.unusableTopics.contains(topic) }) {
      drop(entry)
      return
    }
    if contentType.text != entry.message.contentType { contentType = AMQPBytes(entry.message.contentType) }
    let id: AMQPProperties.Identifier =
      switch entry.id {
      case .own(let sequence): .numbered(bus.idPrefix, sequence)
      case .named(let name): .text(name)
      }
    do throws(AMQPError) {
      try connection.publish(
        entry.message.body, on: Self.publishChannel, to: bus.exchanges[topic].publishName,
        routingKey: topic == .videoStream ? Self.routingKey(entry.message) : nil,
        AMQPProperties(contentType: contentType, id: id)
      ) { table in
        for (name, value) in entry.message.headers where name != BusHeader.redelivered {
          table.append(name, AMQPValue(value))
        }
        if entry.mayHaveBeenSent || entry.message.isFlaggedRedelivered {
          table.append(BusHeader.redelivered, .boolean(true))
        }
      }
    } catch .headersTooLarge(let bytes, let limit) {
      bus.logger.error(
        "a message's headers are too large to send",
        metadata: [.reason: "\(topic.rawValue)", .bytes: "\(bytes)", .limit: "\(limit)"])
      drop(entry)
      return
    } catch {
      // It may be on its way in part; what follows a loss of the connection is decided there.
      window.sent(entry, at: bus.clocks.host())
      throw error
    }
    if entry.mayHaveBeenSent { bus.metrics.republished.increment() }
    window.sent(entry, at: bus.clocks.host())
  }

  /// The name of the video stream; what has none belongs to the usual one.
  private static func routingKey(_ message: BusMessage) -> AMQPBytes {
    guard case .text(let stream) = message.headers[BusHeader.stream] else { return usualStream }
    return AMQPBytes(stream)
  }

  private static let usualStream = AMQPBytes(StreamName.default.text)

  private mutating func drop(_ entry: Entry) {
    if case .own(let sequence) = entry.id { bus.dropped([sequence]) } else { bus.metrics.common.dropped(.outgoing) }
    note(removable: window.abandoned(entry).removable)
  }

  private mutating func refill() {
    if hasUnreadSpool {
      let batch = bus.spool.peek(after: cursor, maxMessages: Self.batchMessages, maxBytes: Self.batchBytes)
      for (position, spooled) in batch {
        let wasSent = spooled.mayHaveBeenSent || sentThrough.map { position <= $0 } ?? false
        ready.append(
          Entry(message: spooled.message, id: .named(spooled.id), mayHaveBeenSent: wasSent, position: position))
      }
      cursor = batch.last?.0 ?? cursor
      guard batch.isEmpty else { return }
      hasUnreadSpool = false
    }
    let batch = bus.outgoing.withLock {
      $0.outbox.take(maxMessages: Self.batchMessages, maxBytes: Self.batchBytes)
    }
    for entry in batch {
      ready.append(
        Entry(message: entry.message, id: .own(entry.sequence), mayHaveBeenSent: entry.mayHaveBeenSent))
    }
  }

  // MARK: Answers

  mutating func handleEvents(_ connection: inout AMQPConnection) throws(AMQPError) {
    while let event = try connection.nextEvent() {
      switch event {
      case .confirmed(_, let tag, let upTo): settle(window.confirmed(tag, upTo: upTo, at: bus.clocks.host()))
      case .rejected(_, let tag, let upTo): settle(window.rejected(tag, upTo: upTo))
      case .channelClosed(let channel, let reply) where channel == Self.publishChannel:
        throw .channelClosed(channel: channel, reply)
      case .blocked(let reason):
        isBrokerBlocked = true
        bus.standing.withLock { $0.outage = "the broker takes nothing: \(reason)" }
        bus.logger.warning("the broker takes no messages for now, they wait", metadata: [.reason: "\(reason)"])
      case .unblocked:
        isBrokerBlocked = false
        bus.standing.withLock { $0.outage = nil }
        bus.logger.notice("the broker takes messages again")
      case .returned, .delivered, .cancelled, .channelClosed: break
      }
    }
    guard let removable = removable.take() else { return }
    bus.spool.remove(through: removable)
  }

  private mutating func settle(_ settlement: PublishWindow<SpoolPosition>.Settlement) {
    if settlement.confirmed > 0 { bus.metrics.confirmed.increment(by: settlement.confirmed) }
    if let latency = settlement.latency { bus.metrics.confirmed(after: latency) }
    let rejected = settlement.retries.count + settlement.givenUp
    if rejected > 0 {
      bus.metrics.rejected.increment(by: rejected)
      bus.logger.debug("the broker rejected messages", metadata: [.count: "\(rejected)"])
    }
    if settlement.givenUp > 0 {
      bus.metrics.common.dropped(.outgoing, count: settlement.givenUp)
      bus.logger.error(
        "the broker rejected messages again and again; they are lost", metadata: [.count: "\(settlement.givenUp)"])
    }
    for entry in settlement.retries.reversed() { ready.prepend(entry) }
    note(removable: settlement.removable)
  }

  private mutating func note(removable position: SpoolPosition?) {
    guard let position else { return }
    removable = max(removable ?? position, position)
  }
}
