public import Clocks
internal import CodedMedia
import Compression
public import Logging
internal import MediaModel
public import MessageBus
import NIOCore
import Observability
public import Relay
public import RerunLog
public import RerunViewer
public import ServiceLifecycle
import SessionEvents
import Synchronization
import Threading

/// Sends every stream with its sensors and results to a viewer of Rerun, live, each as a recording of its own.
///
/// A viewer that is away or slow holds nobody up. One that comes back gets what comes first again, and the video from the
/// next key frame on.
public final class RerunSink: Service {
  /// How often it looks for new streams, and for rows that wait.
  private static let interval = Duration.milliseconds(250)
  /// How long the end waits for the viewer.
  private static let longestEnd = Duration.seconds(2)

  private let relay: Relay
  private let viewer: RerunViewer
  private let options: RerunOptions
  private let clocks: SystemClocks
  private let logger: Logger
  private let metrics = RerunMetrics()
  private let queue: RerunQueue
  private let subscription: BusSubscription
  /// At most as many as the relay has streams.
  private let feeds = Mutex<[StreamName: RerunFeed]>([:])
  /// Where reading and encoding happen.
  private let thread = ThreadExecutor(name: "rerun")

  /// Joins the bus at once.
  public init(
    relay: Relay, bus: any MessageBus, viewer: RerunViewer, options: RerunOptions, clocks: SystemClocks = .system,
    logger: Logger
  ) {
    self.relay = relay
    self.viewer = viewer
    self.options = options
    self.clocks = clocks
    self.logger = logger
    queue = RerunQueue(limit: options.queuedBytes)
    subscription = bus.subscribe(SubscriptionRequest(SessionEventReader.topics, messages: 4_096, bytes: 64 << 20))
  }

  /// Hands on what the streams and the bus bring, until the service group shuts down.
  public func run() async throws {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { try? await self.viewer.run() }
      group.addTask { await self.send() }
      await cancelWhenGracefulShutdown { await self.collect() }
      // The viewer gets what waits, unless it does not take it.
      for feed in self.feeds.withLock({ Array($0.values) }) { feed.flush() }
      self.queue.end()
      group.addTask { try? await Task.sleep(for: Self.longestEnd) }
      await group.next()
      group.cancelAll()
    }
  }

  // MARK: What comes in

  private func collect() async {
    await withDiscardingTaskGroup { group in
      group.addTask(executorPreference: self.thread) { await self.takeMessages() }
      while !Task.isCancelled {
        for stream in self.relay.streams() where stream.snapshot().isLive {
          guard let feed = self.add(stream.name) else { continue }
          group.addTask(executorPreference: self.thread) { await self.takeVideo(stream, feed) }
        }
        for feed in self.feeds.withLock({ Array($0.values) }) { feed.flush() }
        try? await Task.sleep(for: Self.interval)
      }
    }
  }

  /// - Returns: `nil` when the stream is sent already.
  private func add(_ name: StreamName) -> RerunFeed? {
    feeds.withLock { feeds in
      guard feeds[name] == nil else { return nil }
      let feed = RerunFeed(
        stream: name, options: options, queue: queue, metrics: metrics, compress: Self.compression)
      feeds[name] = feed
      return feed
    }
  }

  @concurrent private func takeMessages() async {
    while let delivery = await subscription.next() {
      let now = clocks.wall()
      for feed in feeds.withLock({ Array($0.values) }) { feed.take(delivery.message, at: now) }
    }
  }

  /// Reads to the end of the stream.
  @concurrent private func takeVideo(_ stream: RelayStream, _ feed: RerunFeed) async {
    let reader = stream.reader(ReaderOptions(policy: .decodable, transport: .consumer))
    defer { reader.close() }
    // Only readers that are `lossless` fail.
    while let delivery = try? await reader.next() {
      if delivery.skipped > 0 { feed.videoWasCut() }
      feed.take(delivery.unit)
    }
    feeds.withLock { $0[stream.name] = nil }
  }

  /// LZ4 where it makes less of a chunk: of points, masks and names; video stays as it is.
  public static let compression: RerunCompression = { payload in
    var block = ByteBuffer()
    guard payload.withUnsafeReadableBytes({ LZ4.compressBlock($0, to: &block) }),
      block.readableBytes < payload.readableBytes / 8 * 7
    else { return nil }
    return block
  }

  // MARK: What goes out

  private func send() async {
    while !Task.isCancelled {
      do throws(RerunViewerError) {
        try await viewer.send { await self.next() }
        return
      } catch {
        queue.close()
        metrics.recordConnected(false)
        if isThere.exchange(false, ordering: .relaxed), !Task.isCancelled {
          logger.info("viewer is away", metadata: [.error: "\(error)"])
        }
      }
      try? await Task.sleep(for: Self.interval)
    }
  }

  private let isThere = Atomic<Bool>(false)

  /// Messages for the viewer, which is there when this is called first.
  private func next() async -> [ByteBuffer]? {
    if !isThere.exchange(true, ordering: .relaxed) {
      queue.open()
      metrics.recordConnected(true)
      logger.info("viewer is there")
    }
    return await queue.next().map { $0.map(\.request) }
  }
}
