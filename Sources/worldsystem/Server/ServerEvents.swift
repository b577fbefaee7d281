import Access
import BusMessages
import Clocks
import Foundation
import Logging
import MediaModel
import MessageBus
import NIOCore
import Recording
import Relay
import ServiceLifecycle
import Settings
import Webhooks

/// What a process tells others about its streams, consumers and recordings: on the bus, and by webhooks.
struct ServerEvents: Sendable {
  /// Takes events of others too, such as those of phones.
  let events: LifecycleEvents
  private let webhooks: WebhookService?

  /// - Parameters:
  ///   - node: the name of this process, in each event.
  ///   - bus: where everybody hears of them.
  /// - Throws: what is wrong with the file of keys, ready for a command line.
  init(
    _ settings: Settings, node: String, bus: any MessageBus, clocks: SystemClocks = .system, group: any EventLoopGroup
  ) throws {
    events = LifecycleEvents(node: node, bus: bus, clocks: clocks)
    guard !settings.webhooks.urls.isEmpty else {
      webhooks = nil
      return
    }
    let read = settings.webhooks.secretFile.map { path in
      { @Sendable () throws -> WebhookSecret in try Self.secret(path) }
    }
    webhooks = try WebhookService(
      configuration: WebhookService.Configuration(
        urls: settings.webhooks.urls, node: node, version: Version.current),
      bus: events.own, secret: read, sender: HTTPWebhookSender(group: group), logger: Logger(label: "webhooks"))
  }

  private static func secret(_ path: String) throws -> WebhookSecret {
    let text = try PrivateFile.read(path)
    do throws(WebhookError) {
      return try WebhookSecret(text: text)
    } catch {
      throw CommandFailure(.usage, "\(path): \(error)")
    }
  }

  /// What is to be run; before those who cause events, so that it ends after them.
  var services: [any Service] { webhooks.map { [$0] } ?? [] }

  /// For the relay.
  var relaySink: @Sendable (RelayEvent) -> Void {
    { [events] event in events.emit(event) }
  }

  /// For recorders.
  var recordingSink: @Sendable (RecordingEvent) -> Void {
    { [events] event in events.emit(event) }
  }
}

extension Settings {
  /// The name of this server in messages, events and traces.
  var nodeName: String { bus.node ?? "\(ProcessInfo.processInfo.hostName):\(server.port)" }
}

extension LifecycleEvents {
  fileprivate func emit(_ event: RelayEvent) {
    switch event {
    case .streamStarted(let stream, let publisher):
      emit(.streamStarted) { event in
        event.stream = stream.text
        event.peer = publisher
      }
    case .streamStopped(let stream, let stop):
      emit(.streamStopped) { event in
        event.stream = stream.text
        event.reason = stop.reason.rawValue
        event.frames = Int(clamping: stop.frames)
        event.bytes = Int(clamping: stop.bytes)
        event.durationSeconds = stop.duration.seconds
      }
    case .readerJoined(let stream, let reader):
      emit(.consumerJoined) { event in
        event.stream = stream.text
        event.transport = reader.transport.rawValue
        event.peer = reader.peer
      }
    case .readerLeft(let stream, let reader, let stop):
      emit(.consumerLeft) { event in
        event.stream = stream.text
        event.transport = reader.transport.rawValue
        event.peer = reader.peer
        event.reason = stop.reason.code
        event.frames = Int(clamping: stop.frames)
        event.durationSeconds = stop.duration.seconds
      }
    }
  }

  fileprivate func emit(_ event: RecordingEvent) {
    switch event {
    case .segmentClosed(let segment):
      emit(.recordingSegmentClosed) { event in
        event.stream = segment.stream
        event.session = segment.session.text
        event.path = segment.path
        event.bytes = segment.bytes
        event.frames = segment.frames
        event.durationSeconds = segment.duration.seconds
      }
    case .sessionEnded(let session):
      emit(.sessionEnded) { event in
        event.stream = session.stream
        event.session = session.session.text
        event.reason = session.outcome.rawValue
        event.bytes = session.bytes
        event.frames = session.frames
        event.durationSeconds = session.duration.seconds
      }
    }
  }
}
