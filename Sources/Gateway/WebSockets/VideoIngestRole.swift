import Clocks
import CodedMedia
import H264
import Logging
import MediaModel
import Metrics
import NIOCore
import Observability
import PhoneProtocol
import Relay
import WebSocketProtocol
import WebSocketTransport

/// A publisher of video, protocol.md section 1: bytes go through the packet and access unit machines into the relay.
///
/// Nothing that it sends ends the stream: what cannot be understood is counted by reason, logged at a bounded rate and
/// skipped.
final class VideoIngestRole: WebSocketRole {
  /// Units that may wait for a service in front of which a replay waits: a second of video, and far fewer than the 256
  /// for which there is room, as some more come with what was read already.
  private static let replayBacklog = 32
  private static let replayCheck = TimeAmount.milliseconds(5)

  private let relay: Relay
  private let name: StreamName
  private let isReplay: Bool
  private var isHeld = false
  private let clocks: SystemClocks
  private let metrics: IngestMetrics
  private let rejections: RejectionMetrics
  private let rejectLog: RateLimitedLogger
  private var session = PublisherSession()
  private var connection: WebSocketServerConnection?
  private var lease: PublisherLease?
  private var deadline: Scheduled<Void>?
  /// When the first packet of the picture that is being put together came.
  private var firstPacketAt: HostTime?

  init(
    relay: Relay, name: StreamName, isReplay: Bool = false, clocks: SystemClocks, metrics: IngestMetrics,
    rejections: RejectionMetrics,
    logger: Logger
  ) {
    self.relay = relay
    self.name = name
    self.isReplay = isReplay
    self.clocks = clocks
    self.metrics = metrics
    self.rejections = rejections
    rejectLog = RateLimitedLogger(logger)
  }

  func opened(_ connection: WebSocketServerConnection) {
    guard let eventLoop = connection.eventLoop else { return }
    self.connection = connection
    let bound = NIOLoopBound(connection, eventLoop: eventLoop)
    do throws(RelayError) {
      lease = try relay.claim(name, peer: connection.peer, isReplay: isReplay) {
        eventLoop.execute {
          bound.value.close(.takenOver, reason: "another publisher took the stream over")
        }
      }
    } catch {
      if case .alreadyPublished = error { rejections.count(.publisherTaken) }
      let code: WebSocketCloseCode =
        switch error {
        case .alreadyPublished: .alreadyPublished
        case .tooManyStreams: .tryAgainLater
        case .shutdown: .goingAway
        }
      connection.close(code, reason: error.description)
    }
  }

  func received(_ message: WebSocketMessage) {
    guard lease != nil else { return }
    let now = clocks.host()
    switch message {
    case .binary(let bytes): apply(session.binary(bytes, at: now), at: now)
    case .text(let text): apply(session.text(text), at: now)
    }
    if isReplay, !isHeld { holdBack() }
  }

  /// Takes nothing more of a replay while a service is behind: the network makes its sender wait.
  private func holdBack() {
    guard let connection, let lease, let eventLoop = connection.eventLoop else { return }
    let isBehind = lease.stream.unitsForServices > Self.replayBacklog
    if isBehind != isHeld {
      isHeld = isBehind
      connection.setReading(!isHeld)
    }
    guard isHeld else { return }
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    eventLoop.scheduleTask(in: Self.replayCheck) { bound.value.holdBack() }
  }

  func closed() {
    deadline?.cancel()
    let now = clocks.host()
    apply(session.finish(), at: now)
    lease?.end()
    lease = nil
    connection = nil
  }

  private func apply(_ effects: PublisherSession.Effects, at now: HostTime) {
    if effects.config?.key_frame_requests == true { acceptKeyFrameRequests() }
    let began = firstPacketAt ?? now
    for picture in effects.pictures { lease?.publish(picture, firstReceivedAt: began, receivedAt: now) }
    // What is held after pictures were handed on began with this packet.
    firstPacketAt = effects.nextDeadline == nil ? nil : effects.pictures.isEmpty ? began : now
    for reject in effects.rejects { count(reject, at: now) }
    deadline?.cancel()
    deadline = nil
    guard let next = effects.nextDeadline, let connection, let eventLoop = connection.eventLoop else { return }
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    deadline = eventLoop.scheduleTask(in: .nanoseconds(max(0, next.since(now).value))) {
      bound.value.deadlineReached()
    }
  }

  private func acceptKeyFrameRequests() {
    guard let connection, let eventLoop = connection.eventLoop else { return }
    let bound = NIOLoopBound(connection, eventLoop: eventLoop)
    lease?.acceptKeyFrameRequests {
      eventLoop.execute { bound.value.send(text: #"{"type":"request_key_frame"}"#) }
    }
  }

  private func deadlineReached() {
    let now = clocks.host()
    apply(session.deadlineReached(at: now), at: now)
  }

  private func count(_ reject: PublisherReject, at now: HostTime) {
    metrics.rejected(reject)
    rejectLog.log(
      level: .warning, "packet skipped", at: now,
      metadata: [.stream: "\(name)", .reason: "\(reject.reason)", .error: "\(reject)"])
  }
}
