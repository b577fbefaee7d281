import NIOCore
import NIOPosix
import RTSP
import Synchronization

/// Hands out pairs of UDP ports, even and odd, from a bounded range.
package final class DatagramPortRange: Sendable {
  private struct State {
    var next: Int
    var taken: Set<Int> = []
  }

  private let ports: ClosedRange<Int>
  private let state: Mutex<State>

  package init(_ ports: ClosedRange<Int>) {
    self.ports = ports
    state = Mutex(State(next: ports.lowerBound + ports.lowerBound % 2))
  }

  /// The even port of a free pair; `nil` when all are taken. Goes round, so that a port rests before it is used again.
  package func take() -> Int? {
    state.withLock { state in
      for _ in 0...(ports.count / 2) {
        let candidate = state.next
        state.next += 2
        if state.next + 1 > ports.upperBound { state.next = ports.lowerBound + ports.lowerBound % 2 }
        if candidate + 1 <= ports.upperBound, state.taken.insert(candidate).inserted { return candidate }
      }
      return nil
    }
  }

  package func give(_ port: Int) { _ = state.withLock { $0.taken.remove(port) } }
}

/// Two UDP sockets of a session's track: RTP and RTCP. Use on the session's event loop.
final class DatagramPair {
  /// Ports that other programs hold are tried past, this often.
  private static let attempts = 16
  /// Taken from the kernel in one call.
  private static let datagramsPerRead = 32
  /// Senders keep to the MTU of Ethernet; what is longer is cut and dropped as malformed.
  private static let largestDatagram = 2_048

  let serverPorts: TransportHeader.Pair
  let rtp: any Channel
  let rtcp: any Channel
  private let rtpAddress: SocketAddress
  private let rtcpAddress: SocketAddress
  private let range: DatagramPortRange
  private var isClosed = false

  private init(
    serverPorts: TransportHeader.Pair, rtp: any Channel, rtcp: any Channel, rtpAddress: SocketAddress,
    rtcpAddress: SocketAddress, range: DatagramPortRange
  ) {
    self.serverPorts = serverPorts
    self.rtp = rtp
    self.rtcp = rtcp
    self.rtpAddress = rtpAddress
    self.rtcpAddress = rtcpAddress
    self.range = range
  }

  /// Opens a pair on the address on which the RTSP connection came in.
  /// - Parameters:
  ///   - peer: the RTSP client. Datagrams go to its ports, and only datagrams from its address are taken.
  ///   - onPacket: a packet came, on the event loop.
  /// - Returns: a future of `nil` when no ports are free.
  static func open(
    range: DatagramPortRange, local: SocketAddress, peer: SocketAddress, clientPorts: TransportHeader.Pair,
    eventLoop: any EventLoop, onPacket: @escaping (_ isControl: Bool, ByteBuffer) -> Void
  ) -> EventLoopFuture<NIOLoopBound<DatagramPair>?> {
    let onPacket = NIOLoopBound(onPacket, eventLoop: eventLoop)

    @Sendable func attempt(_ left: Int) -> EventLoopFuture<NIOLoopBound<DatagramPair>?> {
      guard left > 0, let port = range.take() else { return eventLoop.makeSucceededFuture(nil) }
      let rtp = bind(port, isControl: false)
      let rtcp = bind(port + 1, isControl: true)
      return rtp.and(rtcp).map { rtp, rtcp in
        var (rtpAddress, rtcpAddress) = (peer, peer)
        rtpAddress.port = clientPorts.rtp
        rtcpAddress.port = clientPorts.rtcp
        let pair = DatagramPair(
          serverPorts: .init(rtp: port, rtcp: port + 1), rtp: rtp, rtcp: rtcp, rtpAddress: rtpAddress,
          rtcpAddress: rtcpAddress, range: range)
        return NIOLoopBound(pair, eventLoop: eventLoop)
      }.flatMapError { _ in
        // One of the two may be open; neither is of use without the other.
        rtp.whenSuccess { $0.close(promise: nil) }
        rtcp.whenSuccess { $0.close(promise: nil) }
        range.give(port)
        return attempt(left - 1)
      }
    }

    @Sendable func bind(_ port: Int, isControl: Bool) -> EventLoopFuture<any Channel> {
      var address = local
      address.port = port
      return DatagramBootstrap(group: eventLoop)
        // Encoders send a key frame in one burst: half a megabyte at 1080p. Linux grants what net.core.rmem_max allows.
        .channelOption(.socketOption(.so_rcvbuf), value: 4 << 20)
        .channelOption(.datagramVectorReadMessageCount, value: datagramsPerRead)
        .channelOption(.maxMessagesPerRead, value: 16)
        .channelOption(
          .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: datagramsPerRead * largestDatagram)
        )
        .channelOption(.writeBufferWaterMark, value: .init(low: 64 << 10, high: 256 << 10))
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(
              DatagramReceiver(peer: peer) { onPacket.value(isControl, $0) })
          }
        }
        .bind(to: address)
    }

    return attempt(attempts)
  }

  func send(rtp packet: ByteBuffer) {
    rtp.write(AddressedEnvelope(remoteAddress: rtpAddress, data: packet), promise: nil)
  }

  func send(rtcp packet: ByteBuffer) {
    rtcp.writeAndFlush(AddressedEnvelope(remoteAddress: rtcpAddress, data: packet), promise: nil)
  }

  /// Closes both sockets and gives the ports back. Idempotent.
  func close() {
    guard !isClosed else { return }
    isClosed = true
    let (range, port) = (range, serverPorts.rtp)
    rtp.close().and(rtcp.close()).whenComplete { _ in range.give(port) }
  }
}

/// Takes datagrams that come from the address of the RTSP client, from whatever port.
private final class DatagramReceiver: ChannelInboundHandler {
  typealias InboundIn = AddressedEnvelope<ByteBuffer>

  private let peer: SocketAddress
  private let onPacket: (ByteBuffer) -> Void

  init(peer: SocketAddress, onPacket: @escaping (ByteBuffer) -> Void) {
    self.peer = peer
    self.onPacket = onPacket
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let envelope = unwrapInboundIn(data)
    guard envelope.remoteAddress.hasSameHost(as: peer) else { return }
    onPacket(envelope.data)
  }

  /// A port of the client that is closed makes a write fail; the session's timeout deals with clients that are gone.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}

extension SocketAddress {
  /// Whether both are the same machine, whatever the port.
  func hasSameHost(as other: SocketAddress) -> Bool {
    var other = other
    other.port = port
    return self == other
  }
}
