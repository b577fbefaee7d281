import Clocks
import CodedMedia
import FFmpeg
import Logging
import MediaModel
import NIOCore
import RTSPServer
import Relay
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct RTSPPushServiceTests {
  /// What an output was asked to do.
  private enum Event: Equatable, Sendable {
    case connected(Resolution)
    case sent(ByteBuffer, isKeyFrame: Bool, presentation: Nanoseconds)
    case finished
  }

  private struct Output: PushOutput {
    let events: AsyncStream<Event>.Continuation

    func send(
      _ bytes: ByteBuffer, presentationTime: Nanoseconds, decodeTime: Nanoseconds, isKeyFrame: Bool
    ) throws(FFmpegError) {
      events.yield(.sent(bytes, isKeyFrame: isKeyFrame, presentation: presentationTime))
    }

    func finish() throws(FFmpegError) { events.yield(.finished) }
  }

  private let relay = Relay(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  private let monitor = RTSPMonitor()

  /// A push whose first `failures` connections fail.
  private func service(failures: Int, events: AsyncStream<Event>.Continuation) -> RTSPPushService {
    var configuration = RTSPPushService.Configuration(url: "rtsp://user:secret@host/drone")
    configuration.firstRetry = .milliseconds(1)
    configuration.longestRetry = .milliseconds(1)
    let left = Mutex(failures)
    let box = FailureCount(left)
    return RTSPPushService(
      configuration: configuration, relay: relay, monitor: monitor,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) { (sets, _) throws(FFmpegError) in
      if box.takeFailure() { throw .timedOut(.open, place: "rtsp://host/drone") }
      events.yield(.connected(sets.resolution))
      return Output(events: events)
    }
  }

  private final class FailureCount: Sendable {
    private let left: Mutex<Int>

    init(_ left: consuming Mutex<Int>) { self.left = left }

    func takeFailure() -> Bool {
      left.withLock { left in
        left -= 1
        return left >= 0
      }
    }
  }

  @Test func startsAtAKeyFrameWithParameterSetsAndConnectsAgain() async throws {
    var video = try SampleVideo()
    let pictures = [video.next(), video.next()]
    let lease = try relay.claim(.default, peer: "test") {}
    for picture in pictures { lease.publish(picture, receivedAt: relay.clocks.host()) }

    let (events, continuation) = AsyncStream.makeStream(of: Event.self)
    let service = service(failures: 2, events: continuation)
    let running = Task { try await service.run() }
    var iterator = events.makeAsyncIterator()
    #expect(await iterator.next() == .connected(Resolution(width: 640, height: 480)))
    var first = video.parameterSets.annexB
    first.writeImmutableBuffer(pictures[0].bytes)
    #expect(await iterator.next() == .sent(first, isKeyFrame: true, presentation: .zero))
    guard case .sent(pictures[1].bytes, false, let presentation)? = await iterator.next() else {
      Issue.record("the second picture is missing")
      return
    }
    #expect(presentation > .zero)
    #expect(monitor.restarts == 2)
    running.cancel()
    try await running.value
    #expect(await iterator.next() == .finished)
    let health = monitor.health()
    #expect(!health.isThreadAlive && health.url == "rtsp://host/drone")
  }

  @Test func healthTellsTheTruth() async throws {
    let (events, continuation) = AsyncStream.makeStream(of: Event.self)
    let service = service(failures: .max, events: continuation)
    _ = events
    let running = Task { try await service.run() }
    var video = try SampleVideo()
    let lease = try relay.claim(.default, peer: "test") {}
    lease.publish(video.next(), receivedAt: relay.clocks.host())
    while monitor.restarts < 3 { await Task.yield() }
    #expect(!monitor.health().isHealthy && !monitor.health().isRunning)
    running.cancel()
    try await running.value
  }
}
