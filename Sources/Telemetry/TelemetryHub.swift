import BusMessages
public import Clocks
import Foundation
public import Logging
public import MediaModel
public import MessageBus
import Metrics
import NIOCore
import Observability
public import ServiceLifecycle
import Synchronization
import TelemetryProtocol
import WebSocketProtocol

/// Where phones and viewers meet: what phones send goes to the bus, what the bus brings goes to viewers, and what
/// viewers command goes to phones, on this node and on others.
public final class TelemetryHub: Service {
  private struct Registry {
    var phones: [UInt64: PhoneLink] = [:]
    var viewers: [UInt64: ViewerLink] = [:]
    var lastID: UInt64 = 0
  }

  let options: TelemetryOptions
  let bus: any MessageBus
  private let events: LifecycleEvents
  public let clocks: SystemClocks
  let logger: Logger
  let rejectLog: RateLimitedLogger
  let metrics = TelemetryMetrics()
  let uploads: UploadStore
  private let registry = Mutex(Registry())
  /// What viewers are shown.
  private let shown: BusSubscription
  /// Commands on their way between nodes.
  private let passed: BusSubscription
  /// Maps, apart from the rest: one may have many megabytes, and only the newest counts.
  private let clouds: BusSubscription
  private let shelf: Mutex<MapShelf>

  /// Joins the bus at once, so that nothing that is published from now on is missed.
  /// - Parameter events: are told of phones that come and go; `nil`: nobody but the bus is.
  public init(
    options: TelemetryOptions, bus: any MessageBus, events: LifecycleEvents? = nil, clocks: SystemClocks = .system,
    logger: Logger
  ) {
    self.events = events ?? LifecycleEvents(node: options.node, bus: bus, clocks: clocks)
    self.options = options
    self.bus = bus
    self.clocks = clocks
    self.logger = logger
    rejectLog = RateLimitedLogger(logger)
    uploads = UploadStore(options: options, metrics: metrics, clocks: clocks, logger: logger)
    shown = bus.subscribe(SubscriptionRequest(Self.shownTopics))
    passed = bus.subscribe(SubscriptionRequest([.controlCommands], messages: 256, bytes: 1 << 20))
    clouds = bus.subscribe(SubscriptionRequest([.pointClouds], messages: options.maps.streams, bytes: 64 << 20))
    shelf = Mutex(MapShelf(limits: options.maps))
  }

  /// Brings what others publish to viewers and phones, until the service group shuts down or the task is cancelled.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        group.addTask { await self.uploads.run() }
        group.addTask { for await delivery in self.shown { self.show(delivery.message) } }
        group.addTask { for await delivery in self.passed { self.passRemote(delivery.message) } }
        group.addTask { for await delivery in self.clouds { self.shelve(delivery.message) } }
        group.addTask { await self.updateGauges() }
      }
    }
  }

  // MARK: Phones

  /// A phone has connected.
  /// - Parameter wake: called from anywhere when something waits for the phone; it then takes ``PhoneLink/next()``.
  public func connectPhone(
    stream: StreamName, peer: String, isReplay: Bool = false, wake: @escaping @Sendable () -> Void
  ) -> PhoneLink {
    let link = PhoneLink(id: nextID(), stream: stream, peer: peer, isReplay: isReplay, hub: self, wake: wake)
    registry.withLock { $0.phones[link.id] = link }
    logger.info("phone connected", metadata: [.stream: "\(stream)", .address: "\(peer)"])
    announce(.phoneConnected, link)
    show(link, event: "connected")
    return link
  }

  func remove(_ link: PhoneLink) {
    registry.withLock { _ = $0.phones.removeValue(forKey: link.id) }
    logger.info("phone disconnected", metadata: [.stream: "\(link.stream)", .address: "\(link.peer)"])
    announce(.phoneDisconnected, link)
    show(link, event: "disconnected")
  }

  /// Phones that are connected, the oldest connection first.
  public func phones() -> [PhoneReport] { links().map { $0.snapshot() } }

  private func links() -> [PhoneLink] { registry.withLock { $0.phones.values.sorted { $0.id < $1.id } } }

  private func announce(_ kind: LifecycleEvent.Kind, _ link: PhoneLink) {
    events.emit(kind) { event in
      event.stream = link.stream.text
      event.peer = link.peer
    }
  }

  /// Tells viewers how a phone stands.
  func show(_ link: PhoneLink, event: String) {
    guard hasViewers else { return }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let body = try? encoder.encode(PhoneNotice(link.snapshot(), event: event)) else { return }
    show(WebSocketFraming.message(.text, payload: ByteBuffer(bytes: body)), of: link.stream.text)
  }

  /// One line about a phone.
  func log(_ report: PhoneReport) {
    let types = report.messages.sorted { $0.key < $1.key }.map { name, intervals in
      "\(name) \(intervals.total) at \(Self.short(intervals.rate_hz)) Hz, jitter \(Self.short(intervals.jitter_ms)) ms, "
        + "longest gap \(Self.short(intervals.longest_gap_ms)) ms"
    }
    logger.info(
      "telemetry of phone",
      metadata: [
        .stream: "\(report.stream)", .address: "\(report.peer)", .state: "\(types.joined(separator: "; "))",
        .duplicates: "\(report.duplicates)", .late: "\(report.late)", .rejected: "\(report.rejected)",
        .clockOffset: "\(report.clock_offset_s.map(Self.short) ?? "unknown")",
      ])
  }

  private static func short(_ value: Double) -> String { String(format: "%.3f", value) }

  // MARK: Commands

  /// Passes a command of a viewer on, to phones here and to other nodes.
  func pass(_ command: ViewerCommand, of stream: StreamName?, receivedAt: HostTime) {
    let wall = clocks.wall()
    if let sent = command.timestampNanos {
      let age = wall.since(WallTime(nanosSince1970: sent))
      // Beyond a minute, or in the future, the viewer's clock tells nothing.
      if age >= .zero, age < .seconds(60) { metrics.commandAge.record(age.seconds) }
    }
    metrics.command(command.kind)
    deliver(command, to: stream, receivedAt: receivedAt)
    var headers: [String: BusHeaderValue] = [
      BusHeader.node: .text(options.node), BusHeader.networkTime: .text("\(wall.nanosSince1970)"),
    ]
    if let stream { headers[BusHeader.stream] = .text(stream.text) }
    bus.publish(
      BusMessage(topic: .controlCommands, body: command.body, contentType: BusMessage.json, headers: headers))
  }

  private func deliver(_ command: ViewerCommand, to stream: StreamName?, receivedAt: HostTime) {
    let entry = CommandQueue.Entry(
      kind: command.kind, message: WebSocketFraming.message(.text, payload: command.body), receivedAt: receivedAt)
    for link in links() where stream == nil || link.stream == stream { link.send(entry) }
  }

  /// A command that came over the bus; those of this node are delivered already.
  private func passRemote(_ message: BusMessage) {
    guard message.headers.text(BusHeader.node) != options.node else { return }
    do throws(TelemetryReject) {
      let command = try ViewerCommand(message.body, limits: options.limits)
      if let sent = message.headers.text(BusHeader.networkTime).flatMap({ Int64($0) }),
        clocks.wall().since(WallTime(nanosSince1970: sent)) > options.remoteCommandAge
      {
        metrics.dropped(.tooOld)
        return
      }
      metrics.command(command.kind)
      let stream = message.headers.text(BusHeader.stream).flatMap { StreamName($0) }
      deliver(command, to: stream, receivedAt: clocks.host())
    } catch {
      metrics.rejected(error)
    }
  }

  // MARK: Viewers

  /// A viewer has connected.
  /// - Parameter wake: called from anywhere when something waits for it; it then takes ``ViewerLink/next()``.
  public func connectViewer(_ request: ViewerRequest, wake: @escaping @Sendable () -> Void) -> ViewerLink {
    let link = ViewerLink(id: nextID(), request: request, hub: self, wake: wake)
    registry.withLock { $0.viewers[link.id] = link }
    return link
  }

  func remove(_ link: ViewerLink) { registry.withLock { _ = $0.viewers.removeValue(forKey: link.id) } }

  private var hasViewers: Bool { registry.withLock { !$0.viewers.isEmpty } }

  private func viewers(of stream: String?) -> [ViewerLink] {
    registry.withLock { registry in
      registry.viewers.values.filter { link in
        guard let wanted = link.request.stream, let stream else { return true }
        return wanted.text == stream
      }
    }
  }

  private func show(_ framed: ByteBuffer, of stream: String?) {
    for viewer in viewers(of: stream) { viewer.send(framed) }
  }

  /// The newest map of a stream; `nil`: there is none.
  public func map(of stream: StreamName) -> MapDocument? { shelf.withLock { $0.map(of: stream.text) } }

  /// The way of a stream's camera so far.
  public func path(of stream: StreamName) -> PathReport { shelf.withLock { $0.path(of: stream.text) } }

  /// Keeps a map for those who fetch it, and tells viewers that there is a new one.
  private func shelve(_ message: BusMessage) {
    let stream = message.headers.text(BusHeader.stream) ?? StreamName.default.text
    guard let map = shelf.withLock({ $0.put(message.body, of: stream) }) else { return }
    guard hasViewers else { return }
    let text = ViewerMessages.map(tag: map.tag, bytes: map.ply.readableBytes, stream: stream)
    show(WebSocketFraming.message(.text, payload: text), of: stream)
  }

  private func keepPath(_ message: BusMessage) {
    guard let pose = try? CameraPose(message.body) else { return }
    let stream = message.headers.text(BusHeader.stream) ?? pose.stream ?? StreamName.default.text
    shelf.withLock { $0.add(pose, of: stream) }
  }

  /// Shows a message of the bus to viewers. Framed once for all of them.
  private func show(_ message: BusMessage) {
    if message.topic == .trajectory { keepPath(message) }
    if message.topic == .restart { shelf.withLock { $0.restart() } }
    guard hasViewers, let (text, stream) = ViewerFeed.text(for: message, limits: options.limits) else { return }
    let framed = WebSocketFraming.message(.text, payload: text)
    guard message.topic == .imuData else { return show(framed, of: stream) }
    let now = clocks.host()
    for viewer in viewers(of: stream) { viewer.sendSample(framed, at: now) }
  }

  private static let shownTopics: Set<Topic> = [
    .trajectory, .slamResults, .imuData, .restart, .events, .processedFrames, .identificationResults, .analysisMode,
    .phoneMessages, .worldObjects,
  ]

  // MARK: Numbers

  private func nextID() -> UInt64 {
    registry.withLock { registry in
      registry.lastID += 1
      return registry.lastID
    }
  }

  private func updateGauges() async {
    var rate = SampleRate()
    while !Task.isCancelled {
      let reports = phones()
      metrics.phones.record(reports.count)
      metrics.viewers.record(registry.withLock { $0.viewers.count })
      let readings = reports.compactMap { report in
        report.messages[TelemetryType.imu.rawValue].map {
          SampleRate.Reading(phone: report.id, total: $0.total, hertz: $0.rate_hz)
        }
      }
      metrics.sampleRate.record(rate.hertz(readings, at: clocks.host()))
      let offset = reports.compactMap(\.clock_offset_s).max { $0.magnitude < $1.magnitude }
      metrics.clockOffset.record(offset ?? 0)
      try? await Task.sleep(for: .seconds(1))
    }
  }
}
