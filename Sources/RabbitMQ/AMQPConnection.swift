import CRabbitMQ
import MediaModel

#if canImport(Glibc)
  import Glibc
#endif

/// A connection to a broker, for one thread: AMQP 0-9-1 with RabbitMQ's extensions, on librabbitmq.
///
/// Nothing blocks longer than the address's timeout, except ``publish(_:on:to:routingKey:_:headers:)`` while the
/// broker reads nothing: then the kernel ends the connection after three heartbeats.
public struct AMQPConnection: ~Copyable {
  /// Where it leads.
  public let place: AMQPPlace
  let handle: Handle
  let limits: AMQPLimits
  /// Messages of which parts are still to come, by channel.
  var partial: [UInt16: PartialMessage]
  var table: AMQPTableWriter
  let idText: UnsafeMutableRawBufferPointer

  /// The library's connection.
  struct Handle: ~Copyable {
    let state: OpaquePointer

    init(_ place: AMQPPlace) throws(AMQPError) {
      let state = amqp_new_connection()
      guard let state else { throw .lost(place, reason: "no memory") }
      self.state = state
    }

    deinit { amqp_destroy_connection(state) }
  }

  /// Connects and logs in.
  /// - Parameters:
  ///   - name: what the broker's administrators see.
  ///   - limits: what it may be made to keep in memory.
  public init(to address: AMQPAddress, name: String, limits: AMQPLimits = AMQPLimits()) throws(AMQPError) {
    handle = try Self.open(address, name: name, limits)
    place = AMQPPlace(address)
    self.limits = limits
    partial = [:]
    table = AMQPTableWriter()
    idText = .allocate(byteCount: AMQPProperties.shortTextBytes, alignment: 1)
  }

  private static func open(
    _ address: AMQPAddress, name: String, _ limits: AMQPLimits
  ) throws(AMQPError) -> Handle {
    let place = AMQPPlace(address)
    let handle = try Handle(place)
    try connect(handle.state, address, place)
    try logIn(handle.state, address, place, name: name, limits)
    return handle
  }

  deinit { idText.deallocate() }

  /// Ends the connection as the protocol wants it; without that, it just ends.
  public consuming func close() { _ = amqp_connection_close(handle.state, Int32(AMQP_REPLY_SUCCESS)) }

  /// Waits until the broker says something, the doorbell rings, or, if asked, there is room to send.
  /// - Parameter milliseconds: at most so long; also no longer than heartbeats allow.
  public func wait(for doorbell: Doorbell, milliseconds: Int, orToSend: Bool = false) {
    guard amqp_data_in_buffer(handle.state) == 0, amqp_frames_enqueued(handle.state) == 0 else {
      doorbell.silence()
      return
    }
    let heartbeat = Int(amqp_get_heartbeat(handle.state)) * 250
    let limit = max(0, heartbeat > 0 ? min(milliseconds, heartbeat) : milliseconds)
    let events = Int16(orToSend ? POLLIN | POLLOUT : POLLIN)
    var places = (
      pollfd(fd: amqp_get_sockfd(handle.state), events: events, revents: 0),
      pollfd(fd: doorbell.descriptor, events: Int16(POLLIN), revents: 0)
    )
    withUnsafeMutableBytes(of: &places) { bytes in
      let list = bytes.bindMemory(to: pollfd.self)
      _ = poll(list.baseAddress, 2, Int32(clamping: limit))
    }
    if places.1.revents != 0 { doorbell.silence() }
  }

  /// Whether there is room to send now.
  public var isWritable: Bool {
    var place = pollfd(fd: amqp_get_sockfd(handle.state), events: Int16(POLLOUT), revents: 0)
    return poll(&place, 1, 0) == 1
  }

  // MARK: Channels

  /// Opens a channel, or opens it again after the broker closed it.
  public mutating func openChannel(_ channel: UInt16) throws(AMQPError) {
    partial[channel] = nil
    _ = amqp_channel_open(handle.state, channel)
    try checkLastReply(channel)
  }

  /// Closes a channel.
  public mutating func closeChannel(_ channel: UInt16) throws(AMQPError) {
    try check(amqp_channel_close(handle.state, channel, Int32(AMQP_REPLY_SUCCESS)), channel)
    partial[channel] = nil
  }

  // MARK: Answers

  func checkLastReply(_ channel: UInt16) throws(AMQPError) { try check(amqp_get_rpc_reply(handle.state), channel) }

  func check(_ reply: amqp_rpc_reply_t, _ channel: UInt16) throws(AMQPError) {
    switch reply.reply_type {
    case AMQP_RESPONSE_NORMAL: return
    case AMQP_RESPONSE_SERVER_EXCEPTION: throw answer(reply.reply, channel)
    default: throw failure(reply.library_error)
    }
  }

  /// The error that a `close` of the broker stands for; answers it as the protocol wants it.
  func answer(_ method: amqp_method_t, _ channel: UInt16) -> AMQPError {
    let reply = Self.reason(method)
    guard method.id == WORLDSYSTEM_AMQP_CHANNEL_CLOSE.rawValue else {
      var answer = amqp_connection_close_ok_t()
      _ = amqp_send_method(handle.state, 0, WORLDSYSTEM_AMQP_CONNECTION_CLOSE_OK.rawValue, &answer)
      return .closed(place, reply)
    }
    var answer = amqp_channel_close_ok_t()
    _ = amqp_send_method(handle.state, channel, WORLDSYSTEM_AMQP_CHANNEL_CLOSE_OK.rawValue, &answer)
    return .channelClosed(channel: channel, reply)
  }

  static func reason(_ method: amqp_method_t) -> AMQPReply {
    guard let decoded = method.decoded else { return AMQPReply(code: 0, text: "no reason given") }
    switch method.id {
    case WORLDSYSTEM_AMQP_CHANNEL_CLOSE.rawValue:
      let close = decoded.assumingMemoryBound(to: amqp_channel_close_t.self).pointee
      return AMQPReply(code: Int(close.reply_code), text: close.reply_text.text)
    case WORLDSYSTEM_AMQP_CONNECTION_CLOSE.rawValue:
      let close = decoded.assumingMemoryBound(to: amqp_connection_close_t.self).pointee
      return AMQPReply(code: Int(close.reply_code), text: close.reply_text.text)
    default: return AMQPReply(code: 0, text: "an answer that was not expected")
    }
  }

  func failure(_ status: Int32) -> AMQPError {
    status == AMQP_STATUS_BAD_AMQP_DATA.rawValue || status == AMQP_STATUS_UNKNOWN_METHOD.rawValue
      || status == AMQP_STATUS_UNKNOWN_CLASS.rawValue
      ? .malformed(place, reason: Self.text(status)) : .lost(place, reason: Self.text(status))
  }

  static func text(_ status: Int32) -> String { String(cString: amqp_error_string2(status)) }
}
