import BusMessages
import Clocks
import Logging
import MediaModel
import Observability
import RabbitMQ
import Synchronization

extension PublisherLoop {
  /// How often exchanges that could not be used are looked at again.
  private static var recheck: Nanoseconds { .seconds(15) }

  /// Makes sure that the exchanges exist. One that cannot be used costs its topic only.
  mutating func declareTopics(_ connection: inout AMQPConnection) throws(AMQPError) {
    var unusable: Set<Topic> = [], found: [Topic: String] = [:]
    for topic in Topic.allCases {
      do throws(AMQPError) {
        try connection.declare(bus.exchanges[topic], on: Self.setupChannel)
      } catch {
        guard !error.endsConnection else { throw error }
        found[topic] = Self.line(error, bus.exchanges[topic].name)
        // An exchange of the right type that, say, does not survive restarts still carries messages.
        if case .clash(let clash) = error, clash.property != "type" { continue }
        unusable.insert(topic)
      }
    }
    for topic in Topic.allCases where found[topic] != problems[topic] { report(topic, found[topic], unusable) }
    problems = found
    let lines = Topic.allCases.compactMap { found[$0] }
    bus.standing.withLock { $0.clashes = lines }
    bus.outgoing.withLock { $0.unusableTopics = unusable }
    nextTopologyCheck = found.isEmpty ? HostTime(nanos: .max) : bus.clocks.host().advanced(by: Self.recheck)
  }

  private func report(_ topic: Topic, _ problem: String?, _ unusable: Set<Topic>) {
    guard let problem else {
      bus.logger.notice("an exchange can be used now", metadata: [.reason: "\(bus.exchanges[topic].name)"])
      return
    }
    if unusable.contains(topic) {
      bus.logger.error(
        "an exchange cannot be used, its messages are dropped",
        metadata: [.error: "\(problem) (\(topic.environmentVariable))"])
    } else {
      bus.logger.warning("an exchange is not as it should be, it is used as it is", metadata: [.error: "\(problem)"])
    }
  }

  private static func line(_ error: AMQPError, _ exchange: String) -> String {
    switch error {
    case .channelClosed(_, let reply): "the exchange \(exchange) cannot be declared: \(reply)"
    default: error.description
    }
  }

  /// Makes sure that the video queues exist that were asked for.
  mutating func declareVideoQueues(_ connection: inout AMQPConnection) throws(AMQPError) {
    let wanted = bus.outgoing.withLock { $0.videoQueues }
    guard !wanted.isEmpty else { return }
    for queue in wanted where !declaredVideoQueues.contains(queue) {
      try declare(queue, &connection)
      declaredVideoQueues.insert(queue)
    }
  }

  private mutating func declare(
    _ queue: VideoQueueDeclaration, _ connection: inout AMQPConnection
  ) throws(AMQPError) {
    do throws(AMQPError) {
      do throws(AMQPError) {
        _ = try connection.declareQueue(queue.name, .durable, arguments: queue.arguments, on: Self.setupChannel)
      } catch .clash(let clash) where clash.property != "x-queue-type" && clash.property != "durable" {
        // Another node has other bounds, and came first.
        bus.logger.warning(
          "a queue of video has other bounds, it is used as it is", metadata: [.error: "\(clash)"])
      }
      try connection.bindQueue(
        queue.name, to: bus.exchanges.videoByStream, key: queue.bindingKey, on: Self.setupChannel)
    } catch {
      guard !error.endsConnection else { throw error }
      bus.logger.error(
        "a queue of video cannot be used", metadata: [.reason: "\(queue.name)", .error: "\(error)"])
    }
  }
}
