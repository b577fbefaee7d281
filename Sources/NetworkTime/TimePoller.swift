import ClockSync
import Clocks
import CoreMetrics
import Logging
import MediaModel
import NIOCore
import NIOPosix
import Observability

/// Gives the client its sockets and timers. Everything happens on one event loop.
///
/// Each exchange has a socket of its own, connected to the server: the kernel drops what others send, and the port is a
/// new one each time (RFC 9109).
final class TimePoller {
  /// What the log said last.
  private enum Reported {
    case nothing
    case synchronised(TimeServer)
    case unreachable
    case lost
    case disputed
  }

  private let servers: [TimeServer]
  private let system: SystemClocks
  private let clock: SharedClock
  private let eventLoop: any EventLoop
  private let logger: Logger
  private let onStatus: (NetworkTimeStatus) -> Void
  private let metrics = NetworkTimeMetrics()
  private var client: SNTPClient
  /// The address in use, as long as it answers: samples of one server are compared with each other.
  private var addresses: [Int: SocketAddress] = [:]
  private var lastAddresses: [Int: SocketAddress] = [:]
  private var exchanges: [Int: any Channel] = [:]
  private var deadline: Scheduled<Void>?
  private var tick: Scheduled<Void>?
  private var systemEpoch: Int64
  private var reported = Reported.nothing
  private var isStopped = false

  init(
    configuration: NetworkTime.Configuration, system: SystemClocks, clock: SharedClock, eventLoop: any EventLoop,
    logger: Logger, onStatus: @escaping (NetworkTimeStatus) -> Void
  ) {
    let others = configuration.publicServers.filter { !configuration.servers.contains($0) }
    servers = configuration.servers + others
    self.system = system
    self.clock = clock
    self.eventLoop = eventLoop
    self.logger = logger
    self.onStatus = onStatus
    client = SNTPClient(
      tiers: configuration.servers.map { _ in 0 } + others.map { _ in 1 }, parameters: configuration.polling,
      startedAt: system.host(), systemWall: system.wall())
    systemEpoch = system.wall().nanosSince1970 - system.host().nanos
  }

  func start() {
    apply(client.deadlineReached(at: system.host()))
    everySecond()
  }

  func stop() {
    isStopped = true
    deadline?.cancel()
    tick?.cancel()
    for channel in exchanges.values { channel.close(promise: nil) }
    exchanges.removeAll()
  }

  // MARK: Effects

  private func apply(_ effects: SNTPClient.Effects) {
    guard !isStopped else { return }
    for failed in effects.failures {
      metrics.failed(failed.failure)
      close(failed.server)
      // The name may lead elsewhere by now.
      addresses[failed.server] = nil
      logger.debug(
        "time server did not tell the time",
        metadata: [.server: "\(servers[failed.server])", .reason: "\(failed.failure)"])
      if client.isRetired(failed.server) {
        logger.warning("time server wants no requests", metadata: [.server: "\(servers[failed.server])"])
      }
    }
    if let answered = effects.answered { close(answered) }
    if let error = effects.ignored { metrics.ignored(error) }
    if let estimate = effects.estimate { clock.follow(estimate) }
    deadline?.cancel()
    deadline = effects.deadline.map { time in
      eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(max(0, time.since(system.host()).value))) {
        self.apply(self.client.deadlineReached(at: self.system.host()))
      }
    }
    publish()
    // Last, since what follows may have effects of its own.
    for server in effects.polls { poll(server) }
  }

  private func poll(_ server: Int) {
    metrics.polls.increment()
    if let address = addresses[server] { return exchange(with: server, at: address) }
    let place = servers[server]
    let resolved = NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) {
      try SocketAddress.makeAddressResolvingHost(place.host, port: place.port)
    }
    resolved.assumeIsolated().whenComplete { result in
      guard !self.isStopped else { return }
      switch result {
      case .success(let address):
        if let last = self.lastAddresses[server], last != address { self.client.addressChanged(of: server) }
        self.addresses[server] = address
        self.lastAddresses[server] = address
        self.exchange(with: server, at: address)
      case .failure: self.failed(server, .unresolved)
      }
    }
  }

  private func exchange(with server: Int, at address: SocketAddress) {
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    let opened = DatagramBootstrap(group: eventLoop)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(ReplyHandler(poller: bound.value, server: server))
        }
      }
      .connect(to: address)
    opened.assumeIsolated().whenComplete { result in
      switch result {
      case .success(let channel):
        let cookie = UInt64.random(in: 1 ... .max)
        guard !self.isStopped, let request = self.client.request(to: server, cookie: cookie, at: self.system.host())
        else {
          channel.close(promise: nil)
          return
        }
        self.close(server)
        self.exchanges[server] = channel
        let written = channel.writeAndFlush(
          AddressedEnvelope(remoteAddress: address, data: channel.allocator.buffer(bytes: request)))
        written.assumeIsolated().whenFailure { _ in self.failed(server, .unreachable) }
      case .failure: self.failed(server, .unreachable)
      }
    }
  }

  fileprivate func received(_ bytes: ByteBuffer, from server: Int) {
    let now = system.host()
    apply(client.received(Array(bytes.readableBytesView), from: server, at: now))
  }

  fileprivate func failed(_ server: Int, _ failure: SNTPClient.Failure) {
    guard !isStopped else { return }
    apply(client.failed(server, failure, at: system.host()))
  }

  private func close(_ server: Int) { exchanges.removeValue(forKey: server)?.close(promise: nil) }

  // MARK: Reports

  private func everySecond() {
    guard !isStopped else { return }
    watchSystemClock()
    clock.followSystem()
    publish()
    tick = eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) { self.everySecond() }
  }

  /// Somebody who sets the clock of the system does not reach ours, but other programs, so it is worth a line.
  private func watchSystemClock() {
    let epoch = system.wall().nanosSince1970 - system.host().nanos
    let jump = Nanoseconds(epoch &- systemEpoch)
    systemEpoch = epoch
    guard jump.value.magnitude > 100_000_000 else { return }
    metrics.systemJumps.increment()
    logger.notice("the clock of the system was set", metadata: [.clockOffset: "\(jump.seconds)"])
  }

  private func publish() {
    let now = system.host()
    var status = NetworkTimeStatus()
    let correction = clock.correction()
    status.correction = correction.inForce
    status.isSynchronised = client.isSynchronised
    if let estimate = client.estimate { status.offset = estimate.wall(at: now).since(system.wall()) }
    if let source = client.source(at: now) {
      status.server = servers[source.server]
      status.dispersion = source.dispersion
      status.delay = source.delay
      status.stratum = Int(source.stratum)
    }
    onStatus(status)
    metrics.record(status)
    report(status)
  }

  private func report(_ status: NetworkTimeStatus) {
    switch reported {
    case .synchronised(let server) where status.isSynchronised && status.server == server: break
    case _ where status.isSynchronised:
      guard let server = status.server else { return }
      reported = .synchronised(server)
      logger.notice(
        "clock follows a time server",
        metadata: [
          .server: "\(server)", .clockOffset: "\(status.offset.seconds)", .delaySeconds: "\(status.delay.seconds)",
        ])
    case .synchronised where client.isWithoutServers:
      reported = .lost
      logger.warning("no time server answers any more; the clock goes on by itself")
    case .nothing where client.isWithoutServers:
      reported = .unreachable
      logger.warning("no time server answers; the clock of the system is taken as it is")
    case .nothing where client.isDisputed, .synchronised where client.isDisputed:
      reported = .disputed
      logger.warning("time servers contradict each other; none of them is followed")
    case .nothing, .synchronised, .unreachable, .lost, .disputed: break
    }
  }
}

/// Hands what one socket receives to the poller.
private final class ReplyHandler: ChannelInboundHandler {
  typealias InboundIn = AddressedEnvelope<ByteBuffer>

  private let poller: TimePoller
  private let server: Int

  init(poller: TimePoller, server: Int) {
    self.poller = poller
    self.server = server
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    poller.received(unwrapInboundIn(data).data, from: server)
  }

  /// Nothing listens there, or the network is down: the kernel was told by ICMP.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    poller.failed(server, .unreachable)
  }
}
