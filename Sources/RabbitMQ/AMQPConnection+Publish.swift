import CRabbitMQ
public import NIOCore

/// Properties of a message that is sent.
public struct AMQPProperties: Sendable {
  /// Names, content types and identifiers are at most so long: AMQP 0-9-1 §4.2.5.3.
  static let shortTextBytes = 255

  public var contentType: AMQPBytes
  public var id: Identifier?
  /// Whether it survives a restart of the broker, in queues that do.
  public var isPersistent: Bool

  /// What names a message.
  public enum Identifier: Sendable {
    case text(String)
    /// A prefix and a number, put together only when it is sent.
    case numbered(AMQPBytes, UInt64)
  }

  public init(contentType: AMQPBytes, id: Identifier? = nil, isPersistent: Bool = true) {
    self.contentType = contentType
    self.id = id
    self.isPersistent = isPersistent
  }
}

extension AMQPConnection {
  /// Makes the broker answer for each message that is published on a channel. Tags count from 1.
  public mutating func selectConfirms(on channel: UInt16) throws(AMQPError) {
    _ = amqp_confirm_select(handle.state, channel)
    try checkLastReply(channel)
  }

  /// Sends a message. The bytes are not copied.
  /// - Parameter headers: adds headers.
  public mutating func publish(
    _ body: ByteBuffer, on channel: UInt16, to exchange: AMQPBytes, routingKey: AMQPBytes? = nil,
    _ properties: AMQPProperties, headers: (inout AMQPTableWriter) -> Void = { _ in }
  ) throws(AMQPError) {
    var basic = amqp_basic_properties_t()
    basic._flags = UInt32(AMQP_BASIC_DELIVERY_MODE_FLAG)
    basic.delivery_mode = properties.isPersistent ? 2 : 1
    let contentType = properties.contentType.bytes
    if (1...AMQPProperties.shortTextBytes).contains(contentType.len) {
      basic._flags |= UInt32(AMQP_BASIC_CONTENT_TYPE_FLAG)
      basic.content_type = contentType
    }
    if let id = properties.id {
      basic._flags |= UInt32(AMQP_BASIC_MESSAGE_ID_FLAG)
      basic.message_id = write(id)
    }
    table.removeAll()
    headers(&table)
    if !table.isEmpty {
      // The library would find out only with half of the message sent.
      let limit = Int(amqp_get_frame_max(handle.state)) - 2_048
      guard table.encodedBytes <= limit else { throw .headersTooLarge(bytes: table.encodedBytes, limit: limit) }
      basic._flags |= UInt32(AMQP_BASIC_HEADERS_FLAG)
      basic.headers = table.table()
    }
    let status = body.withUnsafeReadableBytes { bytes in
      amqp_basic_publish(
        handle.state, channel, exchange.bytes, routingKey?.bytes ?? .none, 0, 0, &basic,
        amqp_bytes_t(len: bytes.count, bytes: UnsafeMutableRawPointer(mutating: bytes.baseAddress)))
    }
    guard status == AMQP_STATUS_OK.rawValue else { throw failure(status) }
  }

  /// Writes an identifier, cut to the length that the protocol allows, to memory that is used again.
  private func write(_ id: AMQPProperties.Identifier) -> amqp_bytes_t {
    var length = 0
    switch id {
    case .text(let text):
      for byte in text.utf8.prefix(idText.count) {
        idText[length] = byte
        length += 1
      }
    case .numbered(let prefix, let number):
      let digits = 20  // of the largest UInt64
      if let start = prefix.bytes.bytes {
        length = min(prefix.bytes.len, idText.count - digits)
        idText.baseAddress?.copyMemory(from: start, byteCount: length)
      }
      var divisor: UInt64 = 1
      while number / divisor >= 10 { divisor *= 10 }
      while divisor > 0 {
        idText[length] = UInt8(ascii: "0") + UInt8(number / divisor % 10)
        length += 1
        divisor /= 10
      }
    }
    return amqp_bytes_t(len: length, bytes: idText.baseAddress)
  }
}
