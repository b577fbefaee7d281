import Clocks
import CodedMedia
import FFmpeg
public import Logging
public import MediaModel
import NIOCore
import Observability
import RTSP
public import Relay
public import ServiceLifecycle

/// Keeps another RTSP server, such as MediaMTX, fed with one stream.
///
/// Waits for a publisher, starts at a key frame with parameter sets, and connects again with growing pauses for as
/// long as it runs. Its queue is bounded: what the other server does not take in time is left out up to a key frame.
public final class RTSPPushService: Service {
  /// How to push.
  public struct Configuration: Sendable {
    /// Where to, user and password included if need be. Never logged as such.
    public var url: String
    public var stream: StreamName
    /// Access units that may wait.
    public var queueUnits = 100
    public var firstRetry = Nanoseconds.seconds(1)
    public var longestRetry = Nanoseconds.seconds(30)

    public init(url: String, stream: StreamName = .default) {
      self.url = url
      self.stream = stream
    }
  }

  /// Why pushing from one reader ended.
  private enum Outcome {
    /// The publisher went away, or the relay stops.
    case streamEnded
    case failed(any Error)
  }

  private let configuration: Configuration
  private let relay: Relay
  private let monitor: RTSPMonitor
  private let logger: Logger
  private let worker: PushWorker
  private let shownURL: String

  /// - Parameter connect: how to connect; `nil` takes libavformat.
  public init(
    configuration: Configuration, relay: Relay, monitor: RTSPMonitor, logger: Logger, connect: PushConnect? = nil
  ) {
    self.configuration = configuration
    self.relay = relay
    self.monitor = monitor
    self.logger = logger
    shownURL = RedactedURL(configuration.url).description
    worker = PushWorker(connect: connect ?? Self.connection(to: MediaLocation(configuration.url)))
  }

  private static func connection(to location: MediaLocation) -> PushConnect {
    { (sets, interrupt) throws(FFmpegError) in
      try StreamPusher(to: location, parameterSets: sets, interrupt: interrupt)
    }
  }

  /// Pushes until the task is cancelled or the service group shuts down.
  public func run() async throws {
    let worker = worker
    await cancelWhenGracefulShutdown {
      await withTaskCancellationHandler {
        await self.pushUntilCancelled()
      } onCancel: {
        worker.interrupt.cancel()
      }
    }
    monitor.push(to: shownURL, is: .stopped)
    await worker.stop()
  }

  private func pushUntilCancelled() async {
    var backoff = BackOff(first: configuration.firstRetry, longest: configuration.longestRetry)
    while !Task.isCancelled {
      monitor.push(to: shownURL, is: .waiting)
      let outcome = await pushOnce { backoff.succeeded() }
      await worker.finish()
      if Task.isCancelled { return }
      switch outcome {
      case .streamEnded:
        // The stream may be there again at once, or not at all: then this is how often we look.
        try? await Task.sleep(nanoseconds: 250_000_000)
      case .failed(let error):
        let wait = backoff.failed()
        monitor.push(to: shownURL, is: .backingOff)
        logger.warning(
          "rtsp push failed, trying again",
          metadata: [.error: "\(error)", .url: "\(shownURL)", .delaySeconds: "\(wait.seconds)"])
        try? await Task.sleep(nanoseconds: UInt64(max(0, wait.value)))
        monitor.restarted()
      }
    }
  }

  /// Joins the stream and pushes until something ends.
  private func pushOnce(onConnected: () -> Void) async -> Outcome {
    let reader: UnitReader
    do throws(RelayError) {
      var options = ReaderOptions(
        policy: .decodable, limits: ReaderLimits(units: configuration.queueUnits, bytes: ReaderLimits.live.bytes),
        transport: .push)
      options.peer = shownURL
      reader = try relay.stream(configuration.stream).reader(options)
    } catch {
      return .failed(error)
    }
    defer { reader.close() }
    var current: ParameterSets?
    do {
      while let delivery = try await reader.next() {
        monitor.dropped(delivery.skipped)
        let sets = delivery.unit.parameterSets
        if current?.hasSameContent(as: sets) != true {
          try await connect(delivery, sets)
          current = sets
          onConnected()
        }
        try await worker.send(delivery.unit, bytes: Self.bytes(of: delivery))
        monitor.push(to: shownURL, is: .connected, backlog: reader.backlog.units)
      }
      return .streamEnded
    } catch {
      return .failed(error)
    }
  }

  private func connect(_ delivery: Delivery, _ sets: ParameterSets) async throws {
    monitor.push(to: shownURL, is: .connecting)
    // Decoding order may run ahead of the first picture's capture time by some frames; no time may be negative.
    try await worker.connect(sets, startingAt: min(delivery.unit.decodeAt, delivery.unit.capturedAt))
    logger.info("rtsp push connected", metadata: [.url: "\(shownURL)", .resolution: "\(sets.resolution)"])
  }

  private static func bytes(of delivery: Delivery) -> ByteBuffer {
    guard let sets = delivery.parameterSets else { return delivery.unit.bytes }
    var bytes = sets.annexB
    bytes.writeImmutableBuffer(delivery.unit.bytes)
    return bytes
  }
}
