import Clocks
import CodedMedia
import MediaModel
import NIOCore
import RTP
import RTSP
import Relay

/// Publishes what one client sends by RECORD. Lives on the connection's event loop.
final class IntakeSession {
  /// How receiver reports go back.
  enum Output {
    case interleaved(any Channel, TransportHeader.Pair)
    case datagrams(DatagramPair)
  }

  private let lease: PublisherLease
  private let output: Output
  private let eventLoop: any EventLoop
  private let clocks: SystemClocks
  private let monitor: RTSPMonitor
  private let onEnd: () -> Void
  private let source = UInt32.random(in: .min ... .max)
  private var receiver: RTPVideoReceiver
  private var reports: LoopTimer?
  private var patience: Scheduled<Void>?
  private var reportedDrops = 0
  private var isClosed = false
  /// When the first packet of the picture that is being put together came.
  private var firstPacketAt: HostTime?

  /// - Parameter onEnd: the client said goodbye, or somebody else publishes the stream now.
  init(
    lease: PublisherLease, format: H264MediaFormat, output: Output, eventLoop: any EventLoop,
    configuration: RTSPServerConfiguration, clocks: SystemClocks, monitor: RTSPMonitor, onEnd: @escaping () -> Void
  ) {
    self.lease = lease
    self.output = output
    self.eventLoop = eventLoop
    self.clocks = clocks
    self.monitor = monitor
    self.onEnd = onEnd
    let isOrdered = if case .interleaved = output { true } else { false }
    receiver = RTPVideoReceiver(
      payloadType: format.payloadType, parameterSets: format.parameterSets, isOrdered: isOrdered,
      limits: configuration.rtpLimits)
    reports = LoopTimer(eventLoop: eventLoop, interval: configuration.reportInterval) { [weak self] in
      self?.sendReport()
    }
  }

  /// The figures so far, for the log.
  var counters: RTPVideoReceiver.Counters { receiver.counters }

  func receive(rtp packet: ByteBuffer) {
    guard !isClosed else { return }
    let now = clocks.host()
    if firstPacketAt == nil { firstPacketAt = now }
    publish(receiver.receive(rtp: packet, at: now, arrival: clocks.wall()))
    waitForMissingPackets()
  }

  func receive(rtcp packet: ByteBuffer) {
    guard !isClosed else { return }
    if receiver.receive(rtcp: packet, at: clocks.host()).isGoodbye { onEnd() }
  }

  /// Gives the stream back. Idempotent.
  func close() {
    guard !isClosed else { return }
    isClosed = true
    reports?.cancel()
    patience?.cancel()
    lease.end()
  }

  private func publish(_ effects: RTPVideoReceiver.Effects) {
    let now = clocks.host()
    for picture in effects.pictures where !isClosed {
      if !lease.publish(picture, firstReceivedAt: firstPacketAt, receivedAt: now) { onEnd() }
    }
    if !effects.pictures.isEmpty { firstPacketAt = nil }
    let drops = receiver.counters.droppedUnits
    monitor.dropped(drops - reportedDrops)
    reportedDrops = drops
  }

  private func waitForMissingPackets() {
    guard patience == nil, let deadline = receiver.nextDeadline else { return }
    let wait = max(1_000_000, deadline.since(clocks.host()).value)
    patience = eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(wait)) { [weak self] in
      guard let self, !isClosed else { return }
      patience = nil
      publish(receiver.deadlineReached(at: clocks.host(), arrival: clocks.wall()))
      waitForMissingPackets()
    }
  }

  private func sendReport() {
    guard
      let report = receiver.receiverReport(
        ssrc: source, canonicalName: RTSPConnection.canonicalName, at: clocks.host())
    else { return }
    switch output {
    case .interleaved(let channel, let channels):
      var framed = channel.allocator.buffer(capacity: report.readableBytes + 4)
      RTSPMessage.interleaved(channel: UInt8(truncatingIfNeeded: channels.rtcp), report).write(into: &framed)
      channel.writeAndFlush(framed, promise: nil)
    case .datagrams(let pair):
      pair.send(rtcp: report)
    }
  }
}
