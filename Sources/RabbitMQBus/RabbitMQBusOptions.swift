public import BusMessages
public import MediaModel
public import RabbitMQ

/// How a ``RabbitMQBus`` works.
public struct RabbitMQBusOptions: Sendable {
  public var address: AMQPAddress
  /// The name of this server: part of message identifiers and of the connections' names.
  public var node: String
  public var exchanges: ExchangeNames
  /// Messages that wait in memory, at most; half of it, and they go to disk.
  /// 65,536 messages are 16 s of twenty phones' IMU at 200 Hz.
  public var outboxMessages = 65_536
  public var outboxBytes = 64 << 20
  /// Messages that were sent and not confirmed.
  public var windowMessages = 4_096
  public var windowBytes = 8 << 20
  /// How long a graceful shutdown waits for confirms; the rest goes to disk.
  public var shutdownTimeout = Nanoseconds.seconds(3)
  /// A durable subscription's queue is deleted when nobody came for it in that time.
  public var durableQueueLife = Nanoseconds.seconds(86_400)
  /// What the broker keeps for a subscription that misses nothing.
  public var heldBytes = 1 << 30

  public init(address: AMQPAddress, node: String, exchanges: ExchangeNames = ExchangeNames()) {
    self.address = address
    self.node = node
    self.exchanges = exchanges
  }
}
