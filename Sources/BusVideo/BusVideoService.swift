import BusMessages
public import Clocks
public import Logging
import MediaModel
public import MessageBus
import Metrics
import Observability
public import Relay
public import ServiceLifecycle
import Synchronization

/// Video beyond one machine: gives every stream that is published here to the broker, and fetches from there what
/// readers here ask for and nobody publishes here.
public final class BusVideoService: Service {
  private let relay: Relay
  private let bus: any MessageBus
  private let queues: any VideoQueueSource
  private let configuration: BusVideoConfiguration
  private let metrics = BusVideoMetrics()
  private let clocks: SystemClocks
  private let logger: Logger
  private let directory: Mutex<StreamDirectory>
  /// At most as many as the relay has streams.
  private let exports = Mutex<[StreamName: Export]>([:])

  /// A stream on its way to the broker.
  private enum Export {
    /// The reader that its task will read from.
    case waiting(UnitReader)
    case running
  }

  public init(
    relay: Relay, bus: any MessageBus, queues: any VideoQueueSource, configuration: BusVideoConfiguration,
    clocks: SystemClocks = .system, logger: Logger
  ) {
    self.relay = relay
    self.bus = bus
    self.queues = queues
    self.configuration = configuration
    self.clocks = clocks
    self.logger = logger
    directory = Mutex(StreamDirectory(ownNode: configuration.node, life: configuration.announcementLife))
    relay.onLocalPublisher { [weak self] in self?.prepareExport(of: $0) }
  }

  /// The streams that other servers announce now, by name.
  public func announcedStreams() -> [AnnouncedStream] {
    let now = clocks.host()
    return directory.withLock { $0.streams(at: now).values.sorted { $0.name < $1.name } }
  }

  /// Runs until the service group shuts down or the task is cancelled.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { tasks in
        tasks.addTask { await self.listen() }
        tasks.addTask { await self.announce() }
        tasks.addTask { await self.exportStreams() }
        tasks.addTask { await self.fetchStreams() }
      }
    }
  }

  // MARK: Out

  private func exportStreams() async {
    await withDiscardingTaskGroup { tasks in
      while !Task.isCancelled {
        // Those whose publisher was there before this service, or came just when an export ended.
        for stream in self.relay.streams() where Self.isPublishedHere(stream.snapshot()) {
          self.prepareExport(of: stream)
        }
        for (name, reader) in self.takeWaiting() {
          tasks.addTask { await self.export(name, from: reader) }
        }
        await self.pause()
      }
    }
    for (_, reader) in takeWaiting() { reader.close() }
  }

  /// Joins a stream, so that no picture is missed until its task runs, and has its queue made.
  private func prepareExport(of stream: RelayStream) {
    exports.withLock { exports in
      guard exports[stream.name] == nil else { return }
      exports[stream.name] = .waiting(
        stream.reader(ReaderOptions(policy: .decodable, transport: .bus, takesLocalOnly: true)))
      queues.declare(
        named: VideoQueueName.queue(of: stream.name), bindingKey: stream.name.text,
        maxBytes: configuration.queueBytes, maxAge: configuration.queueAge)
    }
  }

  private func takeWaiting() -> [(StreamName, UnitReader)] {
    exports.withLock { exports in
      let waiting = exports.compactMap { name, export -> (StreamName, UnitReader)? in
        guard case .waiting(let reader) = export else { return nil }
        return (name, reader)
      }
      for (name, _) in waiting { exports[name] = .running }
      return waiting
    }
  }

  private func export(_ name: StreamName, from reader: UnitReader) async {
    let exporter = StreamExporter(
      stream: name, reader: reader, bus: bus, queues: queues, configuration: configuration, metrics: metrics)
    await exporter.run()
    exports.withLock { $0[name] = nil }
  }

  private static func isPublishedHere(_ snapshot: StreamSnapshot) -> Bool {
    snapshot.isPublished && !snapshot.isRemote
  }

  /// Tells the others what is published here, and at the end that nothing is any more.
  private func announce() async {
    var last: (streams: [StreamAnnouncement.Stream], at: HostTime)?
    while !Task.isCancelled {
      let streams = relay.streams().map { $0.snapshot() }.filter(Self.isPublishedHere)
        .map { StreamAnnouncement.Stream(name: $0.name.text, epoch: "\($0.epoch ?? 0)") }
      let now = clocks.host()
      if last.map({ $0.streams != streams || now.since($0.at) >= configuration.announceEvery }) ?? true {
        publish(streams)
        last = (streams, now)
      }
      await pause()
    }
    publish([])
  }

  private func publish(_ streams: [StreamAnnouncement.Stream]) {
    let announcement = StreamAnnouncement(
      timestamp: clocks.wall().secondsSince1970, node: configuration.node, streams: streams)
    // Its numbers are finite, so it can always be written.
    guard let message = try? announcement.message(headers: [BusHeader.node: .text(configuration.node)]) else { return }
    bus.publish(message)
  }

  // MARK: In

  private func listen() async {
    let subscription = bus.subscribe(SubscriptionRequest([.streamAnnouncements]))
    for await delivery in subscription {
      do throws(BusBodyError) {
        let announcement = try StreamAnnouncement(delivery.message.body)
        let now = clocks.host()
        directory.withLock { $0.take(announcement, at: now) }
      } catch {
        logger.debug("an announcement that cannot be read", metadata: [.error: "\(error)"])
      }
    }
  }

  private func fetchStreams() async {
    var remotes: [StreamName: RemoteStream] = [:]
    await withDiscardingTaskGroup { tasks in
      while !Task.isCancelled {
        let now = clocks.host()
        let announced = directory.withLock { $0.streams(at: now) }
        // Streams that the relay gave up are not asked for any more.
        var demands = remotes.mapValues { _ in RemoteStreamFollower.Demand.none }
        for stream in relay.streams() { demands[stream.name] = Self.demand(for: stream.snapshot()) }
        var published = 0
        for (name, demand) in demands {
          if remotes[name] == nil, demand == .readers {
            let remote = remote(of: name)
            remotes[name] = remote
            tasks.addTask { await remote.run() }
          }
          guard let remote = remotes[name] else { continue }
          let isNeeded = await remote.tick(demand, isAnnounced: announced[name] != nil)
          if !isNeeded { remotes[name] = nil }
          if await remote.isPublishing { published += 1 }
        }
        metrics.remoteStreams.record(published)
        await pause()
      }
    }
  }

  private func remote(of name: StreamName) -> RemoteStream {
    RemoteStream(
      name: name, relay: relay, queues: queues, configuration: configuration, metrics: metrics, clocks: clocks,
      logger: logger)
  }

  private static func demand(for snapshot: StreamSnapshot) -> RemoteStreamFollower.Demand {
    if isPublishedHere(snapshot) { return .localPublisher }
    return snapshot.consumers > 0 ? .readers : .none
  }

  private func pause() async { try? await Task.sleep(for: .nanoseconds(configuration.pace.value)) }
}
