public import NIOCore

/// What a broker tells us without being asked.
public enum AMQPEvent: Sendable {
  /// The broker answers for a message, or for all up to it, that was published in confirm mode.
  case confirmed(channel: UInt16, tag: UInt64, upTo: Bool)
  /// The broker could not take a message, or all up to it.
  case rejected(channel: UInt16, tag: UInt64, upTo: Bool)
  /// Nobody wanted a mandatory message.
  case returned(channel: UInt16, AMQPReply)
  case delivered(AMQPDelivery)
  /// The broker ended a consumer: its queue is gone.
  case cancelled(channel: UInt16, consumer: String)
  /// The broker closed a channel; the library has answered, and the number can be opened again.
  case channelClosed(channel: UInt16, AMQPReply)
  /// The broker takes nothing more for now: memory or disk run out.
  case blocked(reason: String)
  case unblocked
}

/// A message from a queue.
public struct AMQPDelivery: Sendable {
  public var channel: UInt16
  /// To acknowledge it by.
  public var tag: UInt64
  public var consumer: String
  public var exchange: String
  public var routingKey: String
  /// The broker delivered it before, and nobody acknowledged it.
  public var isRedelivered: Bool
  public var contentType: String
  public var messageID: String
  /// Nested tables and lists are left out.
  public var headers: [String: AMQPValue]
  public var body: ByteBuffer
}

/// What a consumer may receive at most.
public struct AMQPLimits: Hashable, Sendable {
  /// A message's body; what RabbitMQ itself allows.
  public var bodyBytes = 128 << 20
  /// A frame.
  public var frameBytes = 131_072

  public init() {}
}
