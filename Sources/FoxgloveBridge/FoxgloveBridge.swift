public import Clocks
internal import CodedMedia
internal import Foundation
internal import FoxgloveProtocol
public import Logging
public import MediaModel
public import MessageBus
internal import NIOCore
internal import Observability
public import Relay
public import ServiceLifecycle
internal import SessionLog
internal import Synchronization
internal import Threading
public import WebSocketTransport

/// Serves streams to Foxglove, live: the topics of a session file, by Foxglove's WebSocket protocol.
///
/// Nothing is read or encoded for a stream that nobody looks at.
public final class FoxgloveBridge: Service {
  /// Live streams that are served at a time.
  private static let streamLimit = 64

  private let relay: Relay
  private let clocks: SystemClocks
  private let logger: Logger
  private let name: String
  private let sessionID: String
  private let metrics = FoxgloveMetrics()
  private let subscription: BusSubscription
  private let feeds = Mutex<[StreamName: FoxgloveFeed]>([:])
  /// Streams that somebody looks at from now on.
  private let begun: AsyncStream<FoxgloveFeed>
  private let begin: AsyncStream<FoxgloveFeed>.Continuation
  /// Where reading and encoding happen.
  private let thread = ThreadExecutor(name: "foxglove")

  /// Joins the bus at once.
  /// - Parameter version: of the software.
  public init(relay: Relay, bus: any MessageBus, clocks: SystemClocks = .system, version: String, logger: Logger) {
    self.relay = relay
    self.clocks = clocks
    self.logger = logger
    name = "WorldSystem \(version)"
    sessionID = "\(clocks.wall().nanosSince1970)"
    subscription = bus.subscribe(SubscriptionRequest(SessionMessages.topics, messages: 4_096, bytes: 64 << 20))
    (begun, begin) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(Self.streamLimit))
  }

  /// What to do with the connection of a client that wants a live stream.
  public func role(watching stream: StreamName) -> any WebSocketRole {
    FoxgloveRole(watching: stream, of: self)
  }

  /// What to do with the connection of a client that wants a recording.
  /// - Parameters:
  ///   - path: of its MCAP file.
  ///   - session: its name.
  public func role(playing path: String, of session: String) -> any WebSocketRole {
    RecordedRole(playing: path, of: session, bridge: self)
  }

  // MARK: For roles

  func makeLink(wake: @escaping @Sendable () -> Void) -> FoxgloveLink {
    FoxgloveLink(
      FoxgloveServerInfo(name: name, sessionID: sessionID, metadata: ["source": "live"]), metrics: metrics, wake: wake)
  }

  func makeLink(session: String, of file: RecordedFile, wake: @escaping @Sendable () -> Void) -> FoxgloveLink {
    FoxgloveLink(
      FoxgloveServerInfo(
        name: name, sessionID: "\(sessionID)-\(session)", metadata: ["source": "recording", "session": session],
        playback: .init(start: file.startTime, end: file.endTime)), metrics: metrics, wake: wake)
  }

  func makePlayer(_ file: RecordedFile, to link: FoxgloveLink) -> RecordedPlayer {
    RecordedPlayer(file, to: link, clocks: clocks, logger: logger)
  }

  /// Reads the end of a recording, off the event loops.
  func open(_ path: String, then body: @escaping @Sendable (Result<RecordedFile, RecordedFileError>) -> Void) {
    Thread.detachNewThread {
      do throws(RecordedFileError) {
        body(.success(try RecordedFile(path)))
      } catch {
        body(.failure(error))
      }
    }
  }

  /// - Returns: what brings the client its messages; `nil`: too many streams are looked at.
  func join(_ link: FoxgloveLink, stream: StreamName) -> FoxgloveFeed? {
    let (feed, isNew, clients) = feeds.withLock { feeds -> (FoxgloveFeed?, Bool, Int) in
      let known = feeds[stream]
      guard known != nil || feeds.count < Self.streamLimit else { return (nil, false, 0) }
      let feed = known ?? FoxgloveFeed(stream: stream)
      feeds[stream] = feed
      feed.add(link)
      return (feed, known == nil, feeds.values.reduce(0) { $0 + $1.clients })
    }
    guard let feed else { return nil }
    metrics.recordClients(clients)
    if isNew { begin.yield(feed) }
    return feed
  }

  func leave(_ link: FoxgloveLink, feed: FoxgloveFeed) {
    let clients = feeds.withLock { feeds in
      if feed.remove(link) == 0, feeds[feed.stream] === feed { feeds[feed.stream] = nil }
      return feeds.values.reduce(0) { $0 + $1.clients }
    }
    metrics.recordClients(clients)
  }

  private func isWatched(_ feed: FoxgloveFeed) -> Bool { feeds.withLock { $0[feed.stream] === feed } }

  // MARK: Service

  /// Hands on what the bus and the streams bring, until the service group shuts down.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        group.addTask(executorPreference: self.thread) { await self.handOnMessages() }
        for await feed in self.begun {
          group.addTask(executorPreference: self.thread) { await self.handOnVideo(feed) }
        }
      }
    }
  }

  @concurrent private func handOnMessages() async {
    while let delivery = await subscription.next() {
      let now = clocks.wall()
      for feed in feeds.withLock({ Array($0.values) }) { feed.take(delivery.message, at: now) }
    }
  }

  /// Reads a stream for as long as somebody looks at it; one that ends is waited for.
  @concurrent private func handOnVideo(_ feed: FoxgloveFeed) async {
    while isWatched(feed), !Task.isCancelled {
      guard let stream = try? relay.stream(feed.stream) else {
        logger.warning("stream cannot be watched", metadata: [.stream: "\(feed.stream)"])
        try? await Task.sleep(for: Self.retryInterval)
        continue
      }
      let reader = stream.reader(ReaderOptions(policy: .decodable, transport: .consumer))
      // A reader that waits for video does not see that nobody looks any more.
      // Unstructured because it is over with the reader, which the loop below ends by.
      let watch = Task { [self] in
        while isWatched(feed), !Task.isCancelled { try? await Task.sleep(for: Self.retryInterval) }
        reader.close()
      }
      await withTaskCancellationHandler {
        // Only readers that are `lossless` fail.
        while let delivery = try? await reader.next() {
          if delivery.skipped > 0 { feed.videoWasCut() }
          feed.take(delivery.unit)
        }
      } onCancel: {
        reader.close()
      }
      watch.cancel()
      reader.close()
      feed.videoWasCut()
      if isWatched(feed) { try? await Task.sleep(for: Self.retryInterval) }
    }
  }

  private static let retryInterval = Duration.milliseconds(250)
}
