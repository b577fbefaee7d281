public import BusMessages
public import Logging
public import MessageBus
import Observability
internal import ObjectMapping
internal import PosixFiles
public import ServiceLifecycle
import Synchronization
import Threading

/// Where objects are in the world: joins the poses and maps of SLAM and the objects of detection, of this process or of
/// others, and publishes what is where.
///
/// It works on a thread of its own. The list is on disk soon after it has changed, and when the service ends.
public final class ObjectMapService: Service {
  /// How it is run.
  public struct Options: Sendable {
    /// The file that the list is kept in; `nil`: none.
    public var file: String?
    /// How often objects are published, seconds of capture time.
    public var interval = 1.0
    /// How often the file is written, seconds of capture time.
    public var fileInterval = 10.0
    /// Objects of a message at most, those seen last: some 150 kB.
    public var publishedObjects = 256
    /// Streams at most; those that come later are left alone.
    public var maximalStreams = 8

    public init(file: String? = nil) { self.file = file }
  }

  private struct State {
    var worlds: [String: ObjectWorld] = [:]
    /// When to publish next, capture time, by stream.
    var nextPublication: [String: Int64] = [:]
    var nextFile: Int64?
    var lists: [String: WorldObjects] = [:]
    var isFileLossLogged = false
  }

  private let options: Options
  private let bus: any MessageBus
  private let metrics: ObjectMapMetrics
  private let logger: Logger
  private let subscription: BusSubscription
  private let state = Mutex(State())
  private let thread = ThreadExecutor(name: "objects")

  /// Joins at once, so that nothing published after this is missed.
  public init(options: Options, bus: any MessageBus, metrics: ObjectMapMetrics, logger: Logger) {
    self.options = options
    self.bus = bus
    self.metrics = metrics
    self.logger = logger
    subscription = bus.subscribe(
      SubscriptionRequest([.slamResults, .processedFrames, .pointClouds], messages: 2_048, bytes: 64 << 20))
  }

  /// The lists of all streams, as they were last published.
  public var lists: [WorldObjects] {
    state.withLock { state in state.lists.keys.sorted().compactMap { state.lists[$0] } }
  }

  /// Runs until the service group shuts down, or the bus ends.
  public func run() async throws {
    await cancelWhenGracefulShutdown { [self] in
      await withTaskExecutorPreference(thread) {
        while let delivery = await subscription.next() { take(delivery.message) }
      }
    }
    finish()
  }

  /// Takes a message of the bus. Blocks.
  package func take(_ message: BusMessage) {
    guard case .text(let stream)? = message.headers[BusHeader.stream],
      let nanos = Self.captureTime(of: message)
    else { return }
    let (publication, file) = state.withLock { state -> (WorldObjects?, [WorldObjects]?) in
      guard state.worlds[stream] != nil || state.worlds.count < options.maximalStreams else { return (nil, nil) }
      var world = state.worlds[stream] ?? ObjectWorld(stream: stream)
      let before = (world.counts, dropped: world.dropped, unposed: world.unposed)
      Self.tell(message, at: nanos, to: &world)
      metrics.record(before, world)
      state.worlds[stream] = world
      return news(of: stream, world, at: nanos, &state)
    }
    if let publication, let message = try? publication.message(headers: headers(stream, nanos)) {
      bus.publish(message)
    }
    if let file { write(file) }
  }

  private static func tell(_ message: BusMessage, at nanos: Int64, to world: inout ObjectWorld) {
    switch message.topic {
    case .slamResults:
      if let pose = try? CameraPose(message.body) { world.take(pose, at: nanos) }
    case .processedFrames:
      if var frame = try? ProcessedFrame(message.body) {
        // What a body rounds the header has exactly.
        frame.timestamp = Double(nanos) / 1e9
        world.take(frame)
      }
    case .pointClouds:
      if let cloud = PointCloud(ply: message.body) { world.take(cloud, at: nanos) }
    default: break
    }
  }

  private static func captureTime(of message: BusMessage) -> Int64? {
    guard case .text(let text)? = message.headers[BusHeader.capturedAt] ?? message.headers[BusHeader.timestampNanos]
    else { return nil }
    return Int64(text)
  }

  /// What is to be published and written now, if anything.
  private func news(
    of stream: String, _ world: ObjectWorld, at nanos: Int64, _ state: inout State
  ) -> (WorldObjects?, [WorldObjects]?) {
    let interval = Int64(options.interval * 1e9)
    // A clock that was set back must not silence it.
    if let next = state.nextPublication[stream], nanos < next, nanos > next - 10 * interval { return (nil, nil) }
    state.nextPublication[stream] = nanos + interval
    let list = world.all
    guard !list.objects.isEmpty || state.lists[stream] != nil else { return (nil, nil) }
    state.lists[stream] = list
    metrics.recordObjects(state.lists.values.reduce(0) { $0 + $1.objects.count })
    var file: [WorldObjects]?
    if options.file != nil, state.nextFile.map({ nanos >= $0 || nanos < $0 - 600_000_000_000 }) ?? true {
      state.nextFile = nanos + Int64(options.fileInterval * 1e9)
      file = state.lists.keys.sorted().compactMap { state.lists[$0] }
    }
    return (world.present(limit: options.publishedObjects), file)
  }

  private func headers(_ stream: String, _ nanos: Int64) -> [String: BusHeaderValue] {
    [
      BusHeader.stream: .text(stream), BusHeader.capturedAt: .text("\(nanos)"),
      BusHeader.timestampNanos: .text("\(nanos)"),
    ]
  }

  /// Nothing comes any more: the list as it is now goes to its file.
  package func finish() {
    let lists = state.withLock { state in
      for (stream, world) in state.worlds where state.lists[stream] != nil || world.counts.objects > 0 {
        state.lists[stream] = world.all
      }
      return state.lists.keys.sorted().compactMap { state.lists[$0] }
    }
    // A run that saw nothing leaves the list of the one before.
    if lists.contains(where: { !$0.objects.isEmpty }) { write(lists) }
  }

  private func write(_ lists: [WorldObjects]) {
    guard let file = options.file else { return }
    do throws(FileFailure) { try ObjectList.write(ObjectList.bytes(of: lists, .json), to: file) } catch {
      let isFirst = state.withLock { state in
        defer { state.isFileLossLogged = true }
        return !state.isFileLossLogged
      }
      if isFirst {
        logger.error("objects cannot be written", metadata: [.file: "\(file)", .reason: "\(error)"])
      }
    }
  }
}
