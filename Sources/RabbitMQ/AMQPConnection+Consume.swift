import CRabbitMQ
import NIOCore

extension AMQPConnection {
  /// Bounds what is delivered on a channel before it is acknowledged.
  public mutating func limitUnacknowledged(_ messages: UInt16, on channel: UInt16) throws(AMQPError) {
    _ = amqp_basic_qos(handle.state, channel, 0, messages, 0)
    try checkLastReply(channel)
  }

  /// Starts to deliver what a queue holds.
  /// - Parameters:
  ///   - acknowledges: whether each message must be acknowledged.
  ///   - arguments: `x-stream-offset`….
  /// - Returns: the consumer's name.
  /// - Throws: ``AMQPError/channelClosed(channel:_:)``: the channel must be opened again.
  public mutating func consume(
    _ queue: String, acknowledges: Bool, arguments: AMQPArguments = [], on channel: UInt16
  ) throws(AMQPError) -> String {
    table.removeAll()
    for (key, value) in arguments { table.append(key, value) }
    let arguments = table.table()
    let answer = queue.withAMQPBytes {
      amqp_basic_consume(handle.state, channel, $0, .none, 0, acknowledges ? 0 : 1, 0, arguments)
    }
    try checkLastReply(channel)
    return answer?.pointee.consumer_tag.text ?? ""
  }

  /// Says that a message, or all up to it, needs no second delivery.
  public mutating func acknowledge(_ tag: UInt64, upTo: Bool, on channel: UInt16) throws(AMQPError) {
    let status = amqp_basic_ack(handle.state, channel, tag, upTo ? 1 : 0)
    guard status == AMQP_STATUS_OK.rawValue else { throw failure(status) }
  }

  /// What the broker said next; `nil` when there is nothing more for now. Also keeps heartbeats going.
  public mutating func nextEvent() throws(AMQPError) -> AMQPEvent? {
    while true {
      var frame = amqp_frame_t()
      var now = timeval()
      let status = amqp_simple_wait_frame_noblock(handle.state, &frame, &now)
      guard status != AMQP_STATUS_TIMEOUT.rawValue else {
        amqp_maybe_release_buffers(handle.state)
        return nil
      }
      guard status == AMQP_STATUS_OK.rawValue else { throw failure(status) }
      let event = try read(frame)
      amqp_maybe_release_buffers_on_channel(handle.state, frame.channel)
      if let event { return event }
    }
  }

  private mutating func read(_ frame: amqp_frame_t) throws(AMQPError) -> AMQPEvent? {
    switch Int32(frame.frame_type) {
    case AMQP_FRAME_METHOD: try read(frame.payload.method, frame.channel)
    case AMQP_FRAME_HEADER: try readHeader(frame)
    case AMQP_FRAME_BODY: try readBody(frame)
    default: nil
    }
  }

  private mutating func read(_ method: amqp_method_t, _ channel: UInt16) throws(AMQPError) -> AMQPEvent? {
    guard let decoded = method.decoded else { return nil }
    switch worldsystem_amqp_method(rawValue: method.id) {
    case WORLDSYSTEM_AMQP_BASIC_ACK:
      let ack = decoded.assumingMemoryBound(to: amqp_basic_ack_t.self).pointee
      return .confirmed(channel: channel, tag: ack.delivery_tag, upTo: ack.multiple != 0)
    case WORLDSYSTEM_AMQP_BASIC_NACK:
      let nack = decoded.assumingMemoryBound(to: amqp_basic_nack_t.self).pointee
      return .rejected(channel: channel, tag: nack.delivery_tag, upTo: nack.multiple != 0)
    case WORLDSYSTEM_AMQP_BASIC_DELIVER:
      let deliver = decoded.assumingMemoryBound(to: amqp_basic_deliver_t.self).pointee
      partial[channel] = PartialMessage(deliver, channel)
    case WORLDSYSTEM_AMQP_BASIC_RETURN:
      let returned = decoded.assumingMemoryBound(to: amqp_basic_return_t.self).pointee
      partial[channel] = PartialMessage(returned, channel)
    case WORLDSYSTEM_AMQP_BASIC_CANCEL:
      let cancel = decoded.assumingMemoryBound(to: amqp_basic_cancel_t.self).pointee
      return .cancelled(channel: channel, consumer: cancel.consumer_tag.text)
    case WORLDSYSTEM_AMQP_CHANNEL_CLOSE:
      partial[channel] = nil
      guard case .channelClosed(_, let reply) = answer(method, channel) else { return nil }
      return .channelClosed(channel: channel, reply)
    case WORLDSYSTEM_AMQP_CONNECTION_CLOSE: throw answer(method, channel)
    case WORLDSYSTEM_AMQP_CONNECTION_BLOCKED:
      return .blocked(reason: decoded.assumingMemoryBound(to: amqp_connection_blocked_t.self).pointee.reason.text)
    case WORLDSYSTEM_AMQP_CONNECTION_UNBLOCKED: return .unblocked
    default: return nil
    }
    return nil
  }

  private mutating func readHeader(_ frame: amqp_frame_t) throws(AMQPError) -> AMQPEvent? {
    let header = frame.payload.properties
    guard var message = partial[frame.channel], !message.hasHeader else {
      throw .malformed(place, reason: "a message's properties without a message")
    }
    guard header.body_size <= UInt64(limits.bodyBytes) else {
      throw .malformed(place, reason: "a message of \(header.body_size) bytes")
    }
    message.remaining = Int(header.body_size)
    message.hasHeader = true
    // The announced size is only trusted up to a mebibyte: what comes in makes it grow.
    message.delivery.body.reserveCapacity(min(message.remaining, 1 << 20))
    if Int32(header.class_id) == AMQP_BASIC_CLASS, let decoded = header.decoded {
      message.read(decoded.assumingMemoryBound(to: amqp_basic_properties_t.self).pointee)
    }
    return finish(message, frame.channel)
  }

  private mutating func readBody(_ frame: amqp_frame_t) throws(AMQPError) -> AMQPEvent? {
    let fragment = frame.payload.body_fragment
    // Taken out, so that the buffer has one owner and grows in place.
    guard var message = partial.removeValue(forKey: frame.channel), message.hasHeader,
      fragment.len <= message.remaining
    else { throw .malformed(place, reason: "bytes that belong to no message") }
    if let bytes = fragment.bytes {
      message.delivery.body.writeBytes(UnsafeRawBufferPointer(start: bytes, count: fragment.len))
    }
    message.remaining -= fragment.len
    return finish(message, frame.channel)
  }

  private mutating func finish(_ message: PartialMessage, _ channel: UInt16) -> AMQPEvent? {
    guard message.remaining == 0 else {
      partial[channel] = message
      return nil
    }
    partial[channel] = nil
    if let reply = message.returned { return .returned(channel: channel, reply) }
    return .delivered(message.delivery)
  }
}

/// A message of which parts are still to come.
struct PartialMessage {
  var delivery: AMQPDelivery
  /// Why it came back, when it did.
  var returned: AMQPReply?
  var hasHeader = false
  var remaining = 0

  init(_ deliver: amqp_basic_deliver_t, _ channel: UInt16) {
    delivery = AMQPDelivery(
      channel: channel, tag: deliver.delivery_tag, consumer: deliver.consumer_tag.text,
      exchange: deliver.exchange.text, routingKey: deliver.routing_key.text,
      isRedelivered: deliver.redelivered != 0, contentType: "", messageID: "", headers: [:], body: ByteBuffer())
  }

  init(_ returned: amqp_basic_return_t, _ channel: UInt16) {
    self.returned = AMQPReply(code: Int(returned.reply_code), text: returned.reply_text.text)
    delivery = AMQPDelivery(
      channel: channel, tag: 0, consumer: "", exchange: returned.exchange.text,
      routingKey: returned.routing_key.text, isRedelivered: false, contentType: "", messageID: "", headers: [:],
      body: ByteBuffer())
  }

  mutating func read(_ properties: amqp_basic_properties_t) {
    let flags = Int32(bitPattern: properties._flags)
    if flags & AMQP_BASIC_CONTENT_TYPE_FLAG != 0 { delivery.contentType = properties.content_type.text }
    if flags & AMQP_BASIC_MESSAGE_ID_FLAG != 0 { delivery.messageID = properties.message_id.text }
    guard flags & AMQP_BASIC_HEADERS_FLAG != 0, let entries = properties.headers.entries else { return }
    for entry in UnsafeBufferPointer(start: entries, count: Int(properties.headers.num_entries)) {
      if let value = AMQPValue(entry.value) { delivery.headers[entry.key.text] = value }
    }
  }
}

extension AMQPValue {
  /// - Returns: `nil` for tables, lists and nothing.
  init?(_ field: amqp_field_value_t) {
    switch amqp_field_value_kind_t(rawValue: UInt32(field.kind)) {
    case AMQP_FIELD_KIND_UTF8, AMQP_FIELD_KIND_BYTES: self = .text(field.value.bytes.text)
    case AMQP_FIELD_KIND_I8: self = .integer(Int64(field.value.i8))
    case AMQP_FIELD_KIND_U8: self = .integer(Int64(field.value.u8))
    case AMQP_FIELD_KIND_I16: self = .integer(Int64(field.value.i16))
    case AMQP_FIELD_KIND_U16: self = .integer(Int64(field.value.u16))
    case AMQP_FIELD_KIND_I32: self = .integer(Int64(field.value.i32))
    case AMQP_FIELD_KIND_U32: self = .integer(Int64(field.value.u32))
    case AMQP_FIELD_KIND_I64: self = .integer(field.value.i64)
    case AMQP_FIELD_KIND_U64: self = .integer(Int64(clamping: field.value.u64))
    case AMQP_FIELD_KIND_F32: self = .real(Double(field.value.f32))
    case AMQP_FIELD_KIND_F64: self = .real(field.value.f64)
    case AMQP_FIELD_KIND_BOOLEAN: self = .boolean(field.value.boolean != 0)
    case AMQP_FIELD_KIND_TIMESTAMP: self = .timestamp(field.value.u64)
    default: return nil
    }
  }
}
