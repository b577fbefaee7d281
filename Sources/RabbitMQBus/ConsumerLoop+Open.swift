import BusMessages
import Clocks
import Logging
import MediaModel
import MessageBus
import Observability
import RabbitMQ

extension ConsumerLoop {
  /// Puts an intake on a channel of its own.
  mutating func open(
    _ intake: Intake, _ id: ObjectIdentifier, _ connection: inout AMQPConnection
  ) throws(AMQPError) {
    guard let channel = (1...UInt16.max).first(where: { lines[$0] == nil }) else { return }
    try connection.openChannel(channel)
    do throws(AMQPError) {
      switch intake.kind {
      case .subscription(let request): try open(request, intake, channel, &connection)
      case .video: try open(intake.reader, intake, channel, &connection)
      }
    } catch {
      try refused(intake, id, error)
      return
    }
    failed[id] = nil
    channels[id] = channel
    // What older connections delivered is taken first, and needs no acknowledgement on this one.
    lines[channel] = Line(intake: intake, settled: offered[id] ?? 0)
  }

  private mutating func refused(_ intake: Intake, _ id: ObjectIdentifier, _ error: AMQPError) throws(AMQPError) {
    guard !error.endsConnection else { throw error }
    if let reader = intake.reader {
      if case .channelClosed(_, let reply) = error {
        reader.finish(Self.end(reply))
      } else {
        reader.finish(.refused(reason: error.description))
      }
    }
    if failed[id] == nil, case .subscription = intake.kind {
      bus.logger.error("a subscription cannot be made, tried again", metadata: [.error: "\(error)"])
    }
    failed[id] = bus.clocks.host().advanced(by: .seconds(15))
  }

  private func open(
    _ request: SubscriptionRequest, _ intake: Intake, _ channel: UInt16, _ connection: inout AMQPConnection
  ) throws(AMQPError) {
    let queue = try declareQueue(request, channel, &connection)
    for topic in Topic.allCases where request.topics.contains(topic) {
      let exchange = bus.exchanges[topic]
      do throws(AMQPError) {
        try connection.declare(exchange, on: channel)
      } catch {
        // The publisher says what is wrong with it; it may carry messages nevertheless.
        guard !error.endsConnection else { throw error }
      }
      try connection.bindQueue(queue, to: exchange.name, on: channel)
    }
    if intake.acknowledges { try connection.limitUnacknowledged(intake.prefetch, on: channel) }
    _ = try connection.consume(queue, acknowledges: intake.acknowledges, on: channel)
  }

  private func declareQueue(
    _ request: SubscriptionRequest, _ channel: UInt16, _ connection: inout AMQPConnection
  ) throws(AMQPError) -> String {
    var arguments: AMQPArguments = [("x-max-length-bytes", .integer(Int64(clamping: bytes(request))))]
    if request.overflow == .dropOldest {
      arguments.append(("x-max-length", .integer(Int64(clamping: max(1, request.messages)))))
    }
    guard let name = request.durableName else {
      return try connection.declareQueue("", .exclusive, arguments: arguments, on: channel).name
    }
    arguments.append(("x-expires", .integer(max(1, bus.options.durableQueueLife.value / 1_000_000))))
    do throws(AMQPError) {
      return try connection.declareQueue(name, .durable, arguments: arguments, on: channel).name
    } catch .clash(let clash) where clash.property != "durable" && clash.property != "exclusive" {
      bus.logger.warning("a queue has other bounds, it is used as it is", metadata: [.error: "\(clash)"])
      return try connection.declareQueue(name, .durable, mustExist: true, on: channel).name
    }
  }

  /// What the broker keeps for a subscription.
  private func bytes(_ request: SubscriptionRequest) -> Int {
    request.overflow == .hold ? bus.options.heldBytes : max(1, request.bytes)
  }

  private func open(
    _ reader: VideoQueueReader?, _ intake: Intake, _ channel: UInt16, _ connection: inout AMQPConnection
  ) throws(AMQPError) {
    guard let reader else { return }
    try connection.limitUnacknowledged(intake.prefetch, on: channel)
    _ = try connection.consume(
      reader.name, acknowledges: true, arguments: [("x-stream-offset", reader.start.argument)], on: channel)
  }
}
