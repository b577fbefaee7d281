import CRabbitMQ

/// Kinds of exchanges.
public enum AMQPExchangeKind: String, Hashable, Sendable { case fanout, topic, direct, headers }

/// What a declared queue is like.
public struct AMQPQueueState: Hashable, Sendable {
  public var name: String
  public var messages: Int
  public var consumers: Int
}

/// How long a queue lives.
public enum AMQPQueueLife: Hashable, Sendable {
  /// It survives restarts of the broker.
  case durable
  /// It is only for this connection, and goes with it.
  case exclusive
}

extension AMQPConnection {
  /// Makes sure that a durable exchange exists. A failure leaves the channel open.
  /// - Throws: ``AMQPError/clash(_:)`` when it exists and is different.
  public mutating func declareExchange(
    _ name: String, _ kind: AMQPExchangeKind, on channel: UInt16, mustExist: Bool = false
  ) throws(AMQPError) {
    try declaring(.exchange, name, channel) { state in
      name.withAMQPBytes { name in
        kind.rawValue.withAMQPBytes { kind in
          _ = amqp_exchange_declare(state, channel, name, kind, mustExist ? 1 : 0, 1, 0, 0, amqp_table_t())
        }
      }
    }
  }

  /// Lets one exchange have what another gets.
  public mutating func bindExchange(
    _ destination: String, to source: String, key: String, on channel: UInt16
  ) throws(AMQPError) {
    try declaring(.exchange, destination, channel) { state in
      destination.withAMQPBytes { destination in
        source.withAMQPBytes { source in
          key.withAMQPBytes { key in
            _ = amqp_exchange_bind(state, channel, destination, source, key, amqp_table_t())
          }
        }
      }
    }
  }

  /// Makes sure that a queue exists. A failure leaves the channel open.
  /// - Parameter name: empty, the broker chooses one.
  /// - Throws: ``AMQPError/clash(_:)`` when it exists and is different.
  public mutating func declareQueue(
    _ name: String, _ life: AMQPQueueLife, arguments: AMQPArguments = [], mustExist: Bool = false, on channel: UInt16
  ) throws(AMQPError) -> AMQPQueueState {
    table.removeAll()
    for (key, value) in arguments { table.append(key, value) }
    let arguments = table.table()
    var result = AMQPQueueState(name: name, messages: 0, consumers: 0)
    try declaring(.queue, name, channel) { state in
      name.withAMQPBytes { name in
        let declared = amqp_queue_declare(
          state, channel, name, mustExist ? 1 : 0, life == .durable ? 1 : 0, life == .exclusive ? 1 : 0,
          life == .exclusive ? 1 : 0, arguments)
        guard let declared else { return }
        result = AMQPQueueState(
          name: declared.pointee.queue.text, messages: Int(declared.pointee.message_count),
          consumers: Int(declared.pointee.consumer_count))
      }
    }
    return result
  }

  /// Lets a queue have what an exchange gets.
  public mutating func bindQueue(
    _ queue: String, to exchange: String, key: String = "", on channel: UInt16
  ) throws(AMQPError) {
    try declaring(.queue, queue, channel) { state in
      queue.withAMQPBytes { queue in
        exchange.withAMQPBytes { exchange in
          key.withAMQPBytes { key in _ = amqp_queue_bind(state, channel, queue, exchange, key, amqp_table_t()) }
        }
      }
    }
  }

  /// Makes one declaration; opens the channel again when the broker closes it for that.
  private mutating func declaring(
    _ kind: AMQPClash.Kind, _ name: String, _ channel: UInt16, _ declare: (OpaquePointer) -> Void
  ) throws(AMQPError) {
    declare(handle.state)
    do throws(AMQPError) {
      try checkLastReply(channel)
    } catch .channelClosed(_, let reply) {
      try openChannel(channel)
      throw reply.code == AMQPReply.preconditionFailed
        ? .clash(AMQPClash(kind, named: name, reply)) : .channelClosed(channel: channel, reply)
    }
  }
}
