import CodedMedia
import H264
import Logging
import MediaModel
import NIOCore
import Observability
import RTP
import RTSP
import Relay

/// Describing, playing and recording: what the session machine leaves to the relay.
extension RTSPConnection {
  // MARK: DESCRIBE

  func describe(_ name: StreamName) {
    guard let context else { return }
    let stream: RelayStream
    do throws(RelayError) {
      stream = try server.relay.stream(name)
    } catch {
      answered(session.described(.notReady, at: now))
      return
    }
    if let sets = stream.parameterSets {
      answered(session.described(.found(Self.format(of: sets)), at: now))
      return
    }
    describing = DescribeWait(
      stream: stream, eventLoop: context.eventLoop, limit: server.configuration.describeWait, clocks: server.clocks
    ) { [weak self] sets in
      guard let self else { return }
      describing = nil
      let missing: RTSPDescribeResult = stream.snapshot().isPublished ? .notReady : .notFound
      answered(session.described(sets.map { .found(Self.format(of: $0)) } ?? missing, at: now))
    }
  }

  private static func format(of sets: ParameterSets) -> H264MediaFormat {
    let parsed = try? SequenceParameterSet.parse(sets.sps)
    return H264MediaFormat(
      payloadType: payloadType, packetizationMode: 1,
      profileLevelID: sets.codecString.split(separator: ".").last.map(String.init),
      parameterSets: [sets.sps] + sets.pps, frameRate: parsed?.nominalFramesPerSecond)
  }

  // MARK: SETUP over UDP

  func openPorts(_ request: RTSPEffects.PortRequest) {
    guard let context, let range = server.ports, let local = context.localAddress, let peer = context.remoteAddress
    else {
      answered(session.portsOpened(nil, at: now))
      return
    }
    let track = request.track
    DatagramPair.open(
      range: range, local: local, peer: peer, clientPorts: request.clientPorts, eventLoop: context.eventLoop
    ) { [weak self] isControl, payload in
      self?.received(track: track, isControl: isControl, payload)
    }.assumeIsolated().whenComplete { [weak self] result in
      let pair = (try? result.get())?.value
      guard let self, self.context != nil else {
        pair?.close()
        return
      }
      ports.removeValue(forKey: track)?.close()
      ports[track] = pair
      answered(session.portsOpened(pair?.serverPorts, at: now))
    }
  }

  // MARK: PLAY

  func startPlaying(_ order: RTSPEffects.PlayOrder) {
    guard let context else { return }
    let output: PlaybackSession.Output
    switch order.transport {
    case .interleaved(let channels):
      output = .interleaved(context.channel, channels)
    case .udp(_, let serverPorts):
      guard let pair = ports.values.first(where: { $0.serverPorts == serverPorts }) else {
        answered(session.playRefused(.unsupportedTransport, at: now))
        return
      }
      output = .datagrams(pair)
    }
    let stream: RelayStream
    do throws(RelayError) {
      stream = try server.relay.stream(order.stream)
    } catch {
      answered(session.playRefused(.serviceUnavailable, at: now))
      return
    }
    let playback = PlaybackSession(
      stream: stream, output: output, ssrc: order.ssrc, eventLoop: context.eventLoop,
      configuration: server.configuration, peer: peer, clocks: server.clocks, monitor: server.monitor
    ) { [weak self] end in
      guard let self else { return }
      server.logger.debug("rtsp stream ended", metadata: [.reason: "\(end.reason)", .address: "\(peer)"])
      close()
    }
    self.playback = playback
    let (sequence, timestamp) = playback.start()
    answered(session.playStarted(firstSequence: sequence, firstTimestamp: timestamp, at: now))
    playback.begin()
    server.logger.debug(
      "rtsp player attached",
      metadata: [.stream: "\(order.stream)", .address: "\(peer)", .transport: "\(order.transport.name)"])
  }

  // MARK: RECORD

  func startRecording(_ order: RTSPEffects.RecordOrder) {
    guard let context else { return }
    let eventLoop = context.eventLoop
    let connection = NIOLoopBound(WeakConnection(connection: self), eventLoop: eventLoop)
    let lease: PublisherLease
    do throws(RelayError) {
      lease = try server.relay.claim(order.stream, peer: "rtsp \(peer)") {
        eventLoop.execute { connection.value.connection?.close() }
      }
    } catch {
      server.logger.debug("rtsp publisher refused", metadata: [.reason: "\(error)", .address: "\(peer)"])
      answered(session.recordRefused(Self.status(of: error), at: now))
      return
    }
    let output: IntakeSession.Output
    switch order.transport {
    case .interleaved(let channels): output = .interleaved(context.channel, channels)
    case .udp(_, let serverPorts):
      guard let pair = ports.values.first(where: { $0.serverPorts == serverPorts }) else {
        lease.end()
        answered(session.recordRefused(.unsupportedTransport, at: now))
        return
      }
      output = .datagrams(pair)
    }
    intakeTransport = order.transport
    intake = IntakeSession(
      lease: lease, format: order.format, output: output, eventLoop: eventLoop, configuration: server.configuration,
      clocks: server.clocks, monitor: server.monitor
    ) { [weak self] in self?.close() }
    answered(session.recordStarted(at: now))
    server.logger.debug(
      "rtsp publisher attached",
      metadata: [.stream: "\(order.stream)", .address: "\(peer)", .transport: "\(order.transport.name)"])
  }

  private static func status(of error: RelayError) -> RTSPStatus {
    switch error {
    case .alreadyPublished(let name, _):
      RTSPStatus(code: 403, reason: "Forbidden: stream \(name) already has a publisher")
    case .tooManyStreams: RTSPStatus(code: 503, reason: "Service Unavailable: too many streams")
    case .shutdown: .serviceUnavailable
    }
  }

  /// Ends what is played and recorded; ports stay.
  func stopMedia(saysGoodbye: Bool) {
    playback?.close(saysGoodbye: saysGoodbye)
    playback = nil
    if let intake {
      intake.close()
      let counters = intake.counters
      server.logger.debug(
        "rtsp publisher left",
        metadata: [
          .address: "\(peer)", .count: "\(counters.pictures)", .skipped: "\(counters.droppedUnits)",
          .reason: "\(counters.lostPackets) packets lost, \(counters.malformedPackets) malformed",
        ])
    }
    intake = nil
    intakeTransport = nil
  }
}

/// Lets a callback from another thread find a connection that may be gone.
private struct WeakConnection {
  weak var connection: RTSPConnection?
}

extension RTSPTrackTransport {
  /// For logs.
  var name: String {
    switch self {
    case .interleaved: "rtsp-tcp"
    case .udp: "rtsp-udp"
    }
  }
}
