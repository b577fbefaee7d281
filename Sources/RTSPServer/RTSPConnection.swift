import Clocks
import Logging
import MediaModel
import NIOCore
import Observability
import RTP
import RTSP
import Relay

/// What the connections of a server share.
package struct RTSPServerContext: Sendable {
  var configuration: RTSPServerConfiguration
  var relay: Relay
  var monitor: RTSPMonitor
  var ports: DatagramPortRange?
  var authenticator: RTSPAuthenticator
  var logger: Logger
  var clocks: SystemClocks { relay.clocks }

  package init(configuration: RTSPServerConfiguration, relay: Relay, monitor: RTSPMonitor, logger: Logger) {
    self.configuration = configuration
    self.relay = relay
    self.monitor = monitor
    self.logger = logger
    ports = configuration.datagramPorts.map { DatagramPortRange($0) }
    var generator = SystemRandomNumberGenerator()
    let secret = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
    authenticator = RTSPAuthenticator(
      credentials: configuration.credentials, realm: configuration.realm, secret: secret)
  }
}

/// One RTSP connection: bytes to the parser, requests to the session machine, its effects to the relay and the
/// sockets. Lives on the connection's event loop.
package final class RTSPConnection: ChannelDuplexHandler {
  package typealias InboundIn = ByteBuffer
  package typealias OutboundIn = ByteBuffer
  package typealias OutboundOut = ByteBuffer

  /// Dynamic payload type of the video that we send.
  static let payloadType: UInt8 = 96
  static let canonicalName = "worldsystem"
  /// Sent down the pipeline by a server that stops.
  package enum ServerEvent: Sendable { case shutdown }

  let server: RTSPServerContext
  /// Address and port of the client, for logs.
  private(set) var peer = "unknown"
  var session: RTSPSession
  private var parser: RTSPParser
  private var inbound = ByteBuffer()
  var context: ChannelHandlerContext?
  private var isClosing = false
  private var hasPendingRead = false
  /// Since when the client takes nothing.
  private var stalledSince: HostTime?
  private var deadline: Scheduled<Void>?
  private var deadlineAt: HostTime?

  var describing: DescribeWait?
  var playback: PlaybackSession?
  var intake: IntakeSession?
  var intakeTransport: RTSPTrackTransport?
  var ports: [Int: DatagramPair] = [:]

  package init(server: RTSPServerContext) {
    self.server = server
    var configuration = RTSPSessionConfiguration(authenticator: server.authenticator)
    configuration.timeout = server.configuration.sessionTimeout
    configuration.allowsUDP = server.ports != nil
    configuration.limits = server.configuration.limits
    session = RTSPSession(
      configuration: configuration, makeIdentifier: { .random(in: .min ... .max) }, startedAt: server.clocks.host())
    parser = RTSPParser(limits: server.configuration.limits)
  }

  var now: HostTime { server.clocks.host() }

  // MARK: Channel

  package func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if let address = context.remoteAddress, let host = address.ipAddress { peer = "\(host):\(address.port ?? 0)" }
    watchDeadline()
  }

  package func handlerRemoved(context: ChannelHandlerContext) { tearDown() }

  package func channelInactive(context: ChannelHandlerContext) {
    tearDown()
    context.fireChannelInactive()
  }

  /// A client that breaks its connection is an everyday event; the end of the connection says all there is to say.
  package func errorCaught(context: ChannelHandlerContext, error: any Error) {
    server.logger.debug("rtsp connection failed", metadata: [.error: "\(error)", .address: "\(peer)"])
    context.close(promise: nil)
  }

  /// Nothing is read while an answer is owed: what a client sends ahead waits in its socket.
  package func read(context: ChannelHandlerContext) {
    if session.isAwaiting { hasPendingRead = true } else { context.read() }
  }

  package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    if inbound.readableBytes == 0 { inbound = bytes } else { inbound.writeBuffer(&bytes) }
    process()
  }

  package func channelWritabilityChanged(context: ChannelHandlerContext) {
    stalledSince = context.channel.isWritable ? nil : stalledSince ?? now
    if context.channel.isWritable { playback?.pump() }
    watchDeadline()
    context.fireChannelWritabilityChanged()
  }

  package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case ServerEvent.shutdown as ServerEvent, ChannelEvent.inputClosed as ChannelEvent: close()
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  // MARK: Messages

  private func process() {
    do throws(RTSPError) {
      while !isClosing, !session.isAwaiting, let message = try parser.next(&inbound) {
        switch message {
        case .request(let request):
          server.logger.trace("rtsp request", metadata: [.command: "\(request.method)", .address: "\(peer)"])
          apply(session.received(request, at: now))
        case .interleaved(let channel, let payload): received(channel: Int(channel), payload)
        case .response: break
        }
      }
    } catch {
      server.logger.debug("malformed rtsp", metadata: [.error: "\(error)", .address: "\(peer)"])
      apply(session.failed(error))
    }
    if inbound.readableBytes == 0 { inbound = ByteBuffer() }
    watchDeadline()
  }

  private func received(channel: Int, _ payload: ByteBuffer) {
    session.mediaReceived(at: now)
    guard let intake, case .interleaved(let channels) = intakeTransport else { return }
    if channel == channels.rtp { intake.receive(rtp: payload) }
    if channel == channels.rtcp { intake.receive(rtcp: payload) }
  }

  /// Takes a datagram of a track: video when it is what is published, otherwise a sign of life.
  func received(track: Int, isControl: Bool, _ payload: ByteBuffer) {
    session.mediaReceived(at: now)
    guard let intake, case .udp(_, let serverPorts) = intakeTransport,
      ports[track]?.serverPorts == serverPorts
    else { return }
    if isControl { intake.receive(rtcp: payload) } else { intake.receive(rtp: payload) }
  }

  // MARK: Effects

  /// Does what the machine wants done.
  func apply(_ effects: RTSPEffects) {
    if effects.pauseMedia || effects.releaseMedia { stopMedia(saysGoodbye: false) }
    if effects.releaseMedia { releasePorts() }
    if let reply = effects.reply { write(reply) }
    if let stream = effects.describe { describe(stream) }
    if let request = effects.openPorts { openPorts(request) }
    if let order = effects.startPlaying { startPlaying(order) }
    if let order = effects.startRecording { startRecording(order) }
    if let reason = effects.close {
      server.logger.debug("closing rtsp connection", metadata: [.reason: "\(reason)", .address: "\(peer)"])
      close()
    }
    resumeReading()
  }

  /// Goes on with requests that came while an answer was owed; on the next turn, so that calls do not nest.
  func answered(_ effects: RTSPEffects) {
    apply(effects)
    guard inbound.readableBytes > 0, let context else { return }
    context.eventLoop.assumeIsolated().execute { [weak self] in self?.process() }
  }

  private func resumeReading() {
    guard hasPendingRead, !session.isAwaiting else { return }
    hasPendingRead = false
    context?.read()
  }

  private func write(_ response: RTSPResponse) {
    guard let context else { return }
    var buffer = context.channel.allocator.buffer(capacity: 512 + response.body.readableBytes)
    response.write(into: &buffer)
    context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
  }

  // MARK: Time

  /// One timer watches the session's timeout and a player that takes nothing. It looks again when it fires, so that
  /// signs of life cost nothing.
  private func watchDeadline() {
    guard let context, !isClosing else { return }
    let stall = stalledSince?.advanced(by: server.configuration.stallTimeout)
    guard let next = [session.nextDeadline, stall].compactMap({ $0 }).min() else { return }
    if let deadlineAt, deadlineAt <= next { return }
    deadline?.cancel()
    deadlineAt = next
    let wait = max(1_000_000, next.since(now).value)
    deadline = context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(wait)) { [weak self] in
      self?.deadlineFired()
    }
  }

  private func deadlineFired() {
    deadlineAt = nil
    if let stalledSince, now.since(stalledSince) >= server.configuration.stallTimeout {
      server.logger.debug("rtsp player takes nothing", metadata: [.address: "\(peer)"])
      context?.close(promise: nil)
      return
    }
    apply(session.deadlineReached(at: now))
    watchDeadline()
  }

  // MARK: End

  /// Ends the connection behind what has been written.
  func close() {
    guard !isClosing, let context else { return }
    isClosing = true
    stopMedia(saysGoodbye: true)
    releasePorts()
    // Whoever does not take the rest within a second will not take it at all.
    let channel = context.channel
    channel.eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
    context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { _ in
      channel.close(promise: nil)
    }
  }

  private func tearDown() {
    isClosing = true
    stopMedia(saysGoodbye: false)
    releasePorts()
    describing?.cancel()
    describing = nil
    deadline?.cancel()
    context = nil
  }

  private func releasePorts() {
    for pair in ports.values { pair.close() }
    ports = [:]
  }
}
