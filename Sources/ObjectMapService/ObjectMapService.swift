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
    let (publications, file) = state.withLock { state -> ([Publication], [WorldObjects]?) in
      guard let input = Self.input(message, at: nanos),
        state.worlds[stream] != nil || state.worlds.count < options.maximalStreams
      else { return ([], nil) }
      var world = state.worlds.removeValue(forKey: stream) ?? ObjectWorld(stream: stream)
      let before = (world.counts, dropped: world.dropped, unposed: world.unposed)
      world.add(input, at: nanos)
      var (publications, file) = ([Publication](), [WorldObjects]?.none)
      while let taken = world.takeNext() {
        let news = news(of: stream, world, at: taken, &state)
        if let list = news.0 { publications.append(Publication(nanos: taken, list: list)) }
        file = news.1 ?? file
      }
      metrics.record(before, world)
      state.worlds[stream] = world
      return (publications, file)
    }
    for publication in publications {
      if let message = try? publication.list.message(headers: headers(stream, publication.nanos)) {
        bus.publish(message)
      }
    }
    if let file { write(file) }
  }

  /// A list that is due.
  private struct Publication {
    var nanos: Int64
    var list: WorldObjects
  }

  /// - Returns: `nil` for what is malformed.
  private static func input(_ message: BusMessage, at nanos: Int64) -> CaptureOrder.Input? {
    switch message.topic {
    case .slamResults: (try? CameraPose(message.body)).map { .pose($0) }
    case .processedFrames:
      (try? ProcessedFrame(message.body)).map { frame in
        var frame = frame
        // What a body rounds the header has exactly.
        frame.timestamp = Double(nanos) / 1e9
        return .objects(frame)
      }
    case .pointClouds: PointCloud(ply: message.body).map { .cloud($0, at: nanos) }
    default: nil
    }
  }

  private static func captureTime(of message: BusMessage) -> Int64? {
    guard case .text(let text)? = message.headers[BusHeader.capturedAt] ?? message.headers[BusHeader.timestampNanos]
    else { return nil }
    return Int64(text).flatMap { (0..<9_000_000_000_000_000_000).contains($0) ? $0 : nil }
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
      for stream in state.worlds.keys.sorted() {
        guard var world = state.worlds[stream] else { continue }
        while world.takeNext(isOver: true) != nil {}
        state.worlds[stream] = world
        if state.lists[stream] != nil || world.counts.objects > 0 { state.lists[stream] = world.all }
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
