import CRabbitMQ
import MediaModel

#if canImport(Glibc)
  import Glibc
#endif

extension AMQPConnection {
  /// Authorities of the system, as Debian keeps them.
  private static let systemAuthorities = "/etc/ssl/certs/ca-certificates.crt"

  static func connect(_ state: OpaquePointer, _ address: AMQPAddress, _ place: AMQPPlace) throws(AMQPError) {
    var timeout = timeval(address.timeout)
    guard amqp_set_handshake_timeout(state, &timeout) == 0, amqp_set_rpc_timeout(state, &timeout) == 0 else {
      throw .lost(place, reason: "no memory")
    }
    guard let socket = address.tls == nil ? amqp_tcp_socket_new(state) : amqp_ssl_socket_new(state) else {
      throw .lost(place, reason: "no memory")
    }
    if let tls = address.tls { try secure(socket, tls, place) }
    let status = amqp_socket_open_noblock(socket, address.host, Int32(address.port), &timeout)
    guard status == AMQP_STATUS_OK.rawValue else {
      // The library tells a refusal only as an error of the socket, and its cause is gone by then.
      let reason =
        status == AMQP_STATUS_SOCKET_ERROR.rawValue
        ? "the connection is refused, or there is no way there" : text(status)
      throw isAboutTLS(status) ? .insecure(place, reason: reason) : .unreachable(place, reason: reason)
    }
    // Without this, sending to a broker that reads nothing would wait for ever.
    var limit = UInt32(clamping: address.heartbeat.value / 1_000_000 * 3)
    setsockopt(
      amqp_get_sockfd(state), Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &limit, socklen_t(MemoryLayout<UInt32>.size))
  }

  private static func secure(
    _ socket: OpaquePointer, _ tls: AMQPAddress.TLS, _ place: AMQPPlace
  ) throws(AMQPError) {
    amqp_ssl_socket_set_verify_peer(socket, tls.verifiesPeer ? 1 : 0)
    amqp_ssl_socket_set_verify_hostname(socket, tls.verifiesPeer ? 1 : 0)
    _ = amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST)
    let authorities = tls.authorities ?? systemAuthorities
    if tls.authorities != nil || tls.verifiesPeer, amqp_ssl_socket_set_cacert(socket, authorities) != 0 {
      throw .insecure(place, reason: "cannot read the certificates of authorities in \(authorities)")
    }
    guard let certificate = tls.certificate else { return }
    guard amqp_ssl_socket_set_key(socket, certificate, tls.key ?? certificate) == 0 else {
      throw .insecure(place, reason: "cannot use the certificate \(certificate) with its key")
    }
  }

  static func logIn(
    _ state: OpaquePointer, _ address: AMQPAddress, _ place: AMQPPlace, name: String, _ limits: AMQPLimits
  ) throws(AMQPError) {
    let capabilities = ["basic.nack", "connection.blocked", "consumer_cancel_notify", "publisher_confirms"]
      .map(AMQPBytes.init)
    let texts = ["capabilities", "connection_name", name, "product", "WorldSystem"].map(AMQPBytes.init)
    var flags = capabilities.map { capability in
      var entry = amqp_table_entry_t()
      entry.key = capability.bytes
      entry.value.kind = UInt8(AMQP_FIELD_KIND_BOOLEAN.rawValue)
      entry.value.value.boolean = 1
      return entry
    }
    let reply = flags.withUnsafeMutableBufferPointer { flags in
      var entries = [amqp_table_entry_t](repeating: amqp_table_entry_t(), count: 3)
      entries[0].key = texts[0].bytes
      entries[0].value.kind = UInt8(AMQP_FIELD_KIND_TABLE.rawValue)
      entries[0].value.value.table = amqp_table_t(num_entries: Int32(flags.count), entries: flags.baseAddress)
      for (entry, text) in [(1, 1), (2, 3)] {
        entries[entry].key = texts[text].bytes
        entries[entry].value.kind = UInt8(AMQP_FIELD_KIND_UTF8.rawValue)
        entries[entry].value.value.bytes = texts[text + 1].bytes
      }
      return entries.withUnsafeMutableBufferPointer { entries in
        var properties = amqp_table_t(num_entries: Int32(entries.count), entries: entries.baseAddress)
        return worldsystem_amqp_login(
          state, address.virtualHost, 0, Int32(limits.frameBytes), Int32(address.heartbeat.seconds.rounded(.up)),
          &properties, address.user, address.password)
      }
    }
    withExtendedLifetime((capabilities, texts)) {}
    switch reply.reply_type {
    case AMQP_RESPONSE_NORMAL: return
    case AMQP_RESPONSE_SERVER_EXCEPTION: throw .refused(place, reason: reason(reply.reply).description)
    default:
      throw isAboutTLS(reply.library_error)
        ? .insecure(place, reason: text(reply.library_error))
        : .unreachable(place, reason: "while logging in: \(text(reply.library_error))")
    }
  }

  private static func isAboutTLS(_ status: Int32) -> Bool { (-0x02ff ... -0x0200).contains(status) }
}

extension timeval {
  init(_ duration: Nanoseconds) {
    self.init(
      tv_sec: Int(duration.value / 1_000_000_000), tv_usec: suseconds_t(duration.value % 1_000_000_000 / 1_000))
  }
}
