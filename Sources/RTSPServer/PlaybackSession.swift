import Clocks
import CodedMedia
import MediaModel
import NIOCore
import RTP
import RTSP
import Relay

/// Sends a stream to one player. Lives on the connection's event loop.
///
/// Pulls access units only as fast as the transport takes packets; what cannot wait is left out by the reader, so
/// that the player can always decode.
final class PlaybackSession {
  /// Where packets go.
  enum Output {
    case interleaved(any Channel, TransportHeader.Pair)
    case datagrams(DatagramPair)
  }

  private let output: Output
  private let eventLoop: any EventLoop
  private let stream: RelayStream
  private let monitor: RTSPMonitor
  private let clocks: SystemClocks
  private let reportInterval: Nanoseconds
  private var packetizer: H264Packetizer
  private var timeline: RTPTimeline
  private var reader: LoopReader?
  private var pacer = DatagramPacer()
  /// Looked at for RTP-Info before anything is sent.
  private var first: Delivery?
  /// Datagrams of the current access unit that still wait for their time, last first.
  private var waitingPackets: [RTPPacket] = []
  private var pacing: Scheduled<Void>?
  private var reports: LoopTimer?
  private var isStarted = false

  /// Joins the stream.
  /// - Parameter onEnd: the stream ended; called on the event loop.
  init(
    stream: RelayStream, output: Output, ssrc: UInt32, eventLoop: any EventLoop, configuration: RTSPServerConfiguration,
    peer: String, clocks: SystemClocks, monitor: RTSPMonitor, onEnd: @escaping (ReaderEnd) -> Void
  ) {
    self.output = output
    self.eventLoop = eventLoop
    self.stream = stream
    self.monitor = monitor
    self.clocks = clocks
    reportInterval = configuration.reportInterval
    let packetBytes =
      switch output {
      case .interleaved: configuration.interleavedPacketBytes
      case .datagrams: configuration.datagramPacketBytes
      }
    packetizer = H264Packetizer(
      ssrc: ssrc, payloadType: RTSPConnection.payloadType, firstSequence: .random(in: .min ... .max),
      maximumPacketBytes: packetBytes)
    timeline = RTPTimeline(offset: .random(in: .min ... .max))
    var options = ReaderOptions(
      policy: .decodable, limits: ReaderLimits(units: configuration.queueUnits, bytes: ReaderLimits.live.bytes),
      transport: .rtsp)
    options.peer = peer
    reader = LoopReader(
      stream: stream, options: options, eventLoop: eventLoop, onAvailable: { [weak self] in self?.pump() },
      onEnd: onEnd)
    first = reader?.next(at: clocks.host())
    monitor.session(ObjectIdentifier(self), backlog: backlog)
  }

  /// Sequence number of the first packet, and RTP time of the first access unit if it is there already.
  func start() -> (sequence: UInt16, timestamp: UInt32?) {
    (packetizer.nextSequence, first.map { timeline.timestamp(for: $0.unit.capturedAt).timestamp })
  }

  /// Begins to send; the reply to PLAY has been written.
  func begin() {
    isStarted = true
    sendReport()
    reports = LoopTimer(eventLoop: eventLoop, interval: reportInterval) { [weak self] in self?.sendReport() }
    pump()
  }

  /// Leaves the stream. Idempotent.
  /// - Parameter saysGoodbye: whether the player is told; not when it paused.
  func close(saysGoodbye: Bool) {
    guard let reader else { return }
    self.reader = nil
    reader.close()
    reports?.cancel()
    pacing?.cancel()
    waitingPackets = []
    monitor.session(ObjectIdentifier(self), backlog: nil)
    if saysGoodbye, isStarted { send(control: [.goodbye(ssrc: packetizer.ssrc)]) }
  }

  /// Sends what the transport takes.
  func pump() {
    guard isStarted, reader != nil else { return }
    switch output {
    case .interleaved(let channel, let channels): pump(channel, channels)
    case .datagrams(let pair): pump(pair)
    }
    if reader != nil { monitor.session(ObjectIdentifier(self), backlog: backlog) }
  }

  private var backlog: Int { (reader?.backlog.units ?? 0) + (first == nil ? 0 : 1) }

  private func nextDelivery() -> Delivery? {
    guard let delivery = first.take() ?? reader?.next(at: clocks.host()) else { return nil }
    monitor.dropped(delivery.skipped)
    return delivery
  }

  private func packets(of delivery: Delivery, framing: RTPFraming) -> [RTPPacket] {
    let (timestamp, isMoved) = timeline.timestamp(for: delivery.unit.capturedAt)
    // The player learns the new relation to wall-clock time before it needs it.
    if isMoved { sendReport() }
    let leading = delivery.parameterSets.map { [$0.sps] + $0.pps } ?? []
    return packetizer.packetize(
      leading: leading, bytes: delivery.unit.bytes, nalUnits: delivery.unit.picture.nalUnits, timestamp: timestamp,
      framing: framing)
  }

  // MARK: In the RTSP connection

  private func pump(_ channel: any Channel, _ channels: TransportHeader.Pair) {
    var hasWritten = false
    while channel.isWritable, let delivery = nextDelivery() {
      hasWritten = true
      let packets = packets(of: delivery, framing: .interleaved(channel: UInt8(truncatingIfNeeded: channels.rtp)))
      guard let last = packets.last else { continue }
      for packet in packets.dropLast() {
        channel.write(packet.head, promise: nil)
        if packet.payload.readableBytes > 0 { channel.write(packet.payload, promise: nil) }
      }
      let promise = eventLoop.makePromise(of: Void.self)
      promise.futureResult.assumeIsolated().whenSuccess { [weak self] in self?.sent(delivery) }
      if last.payload.readableBytes > 0 {
        channel.write(last.head, promise: nil)
        channel.write(last.payload, promise: promise)
      } else {
        channel.write(last.head, promise: promise)
      }
    }
    if hasWritten { channel.flush() }
  }

  private func sent(_ delivery: Delivery) { reader?.sent(delivery, at: clocks.host()) }

  // MARK: In datagrams

  private func pump(_ pair: DatagramPair) {
    guard pacing == nil else { return }
    var hasWritten = false
    defer { if hasWritten { pair.rtp.flush() } }
    while true {
      if waitingPackets.isEmpty {
        guard pair.rtp.isWritable, let delivery = nextDelivery() else { return }
        waitingPackets = packets(of: delivery, framing: .datagram).reversed()
        reader?.sent(delivery, at: clocks.host())
      }
      while let packet = waitingPackets.last {
        if let wait = pacer.wait(forBytes: packet.byteCount, at: clocks.host()) {
          pacing = eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(wait.value)) { [weak self] in
            self?.pacing = nil
            self?.pump()
          }
          return
        }
        waitingPackets.removeLast()
        pair.send(rtp: packet.joined(allocator: pair.rtp.allocator))
        hasWritten = true
      }
    }
  }

  // MARK: Reports

  private func sendReport() {
    if case .datagrams = output { pacer.adapt(toMegabitsPerSecond: stream.snapshot().megabitsPerSecond) }
    let wall = clocks.wall()
    send(control: [
      .senderReport(
        RTCPSenderReport(
          ssrc: packetizer.ssrc, ntp: NTPTimestamp(wall), rtpTimestamp: timeline.timestamp(at: wall),
          packetCount: packetizer.packetCount, octetCount: packetizer.octetCount)),
      .sourceDescription(ssrc: packetizer.ssrc, canonicalName: RTSPConnection.canonicalName),
    ])
  }

  private func send(control packets: [RTCPPacket]) {
    var compound = ByteBuffer()
    for packet in packets { packet.write(into: &compound) }
    switch output {
    case .interleaved(let channel, let channels):
      var framed = channel.allocator.buffer(capacity: compound.readableBytes + 4)
      RTSPMessage.interleaved(channel: UInt8(truncatingIfNeeded: channels.rtcp), compound).write(into: &framed)
      channel.writeAndFlush(framed, promise: nil)
    case .datagrams(let pair):
      pair.send(rtcp: compound)
    }
  }
}
