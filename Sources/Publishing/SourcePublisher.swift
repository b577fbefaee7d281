public import Clocks
import CodedMedia
public import FFmpeg
public import Logging
public import MediaModel
import Observability
import Threading

/// Publishes what libavformat reads: a file at its own pace, or a live source as it comes.
///
/// H.264 is copied without re-encoding, B-frames included: units go out in decoding order with presentation times.
public struct SourcePublisher: Sendable {
  /// How to publish.
  public struct Options: Sendable {
    /// How to open the source.
    public var demuxer = Demuxer.Options()
    /// Begins a file again when it is at its end; capture times go on rising.
    public var loops = false
    /// Seconds of the source in one second; 2 is twice as fast. For paced sources only.
    public var speed = 1.0
    /// Ends after so much time; `nil` with the source.
    public var duration: Nanoseconds?
    /// Whether to hold units back until their time has come. `nil`: unless the source is live already.
    public var isPaced: Bool?
    /// How to encode what is not H.264.
    public var encoder = H264Encoder.Options()
    /// Told of each picture that was sent: the place where recorded telemetry is sent from.
    public var onPicture: (@Sendable (PlayedPicture) async -> Void)?
    /// Waits before a live source that failed is opened again.
    public var backOff = BackOff()

    public init() {
      encoder.preset = .superfast
      encoder.keyFrameInterval = 60
    }
  }

  /// A picture that was sent.
  public struct PlayedPicture: Hashable, Sendable {
    /// How often the source was begun again before.
    public var pass: Int
    /// Time since the source's first picture.
    public var mediaTime: Nanoseconds
    /// What it was stamped with.
    public var capturedAt: WallTime

    public init(pass: Int, mediaTime: Nanoseconds, capturedAt: WallTime) {
      self.pass = pass
      self.mediaTime = mediaTime
      self.capturedAt = capturedAt
    }
  }

  private let location: MediaLocation
  private let options: Options
  private let pace: Pace
  private let logger: Logger

  public init(
    _ location: MediaLocation, options: Options = Options(), pace: Pace = .system, logger: Logger
  ) throws(PublishingError) {
    guard options.speed > 0, options.speed.isFinite else {
      throw .invalidArgument("a speed of \(options.speed) is not possible; it must be above 0")
    }
    self.location = location
    self.options = options
    self.pace = pace
    self.logger = logger
  }

  private var isPaced: Bool { options.isPaced ?? !location.isLive }

  /// Publishes until the source ends, the duration is over, or the task is cancelled. A live source that ends or fails
  /// is opened again.
  /// - Throws: when a file cannot be read, or the sink takes no more.
  public func run(to sink: any AccessUnitSink) async throws {
    let thread = ThreadExecutor(name: "publisher")
    let interrupt = IOInterrupt()
    try await withTaskCancellationHandler {
      try await withTaskExecutorPreference(thread) { try await publish(to: sink, interrupt) }
    } onCancel: {
      interrupt.cancel()
    }
  }

  @concurrent private func publish(to sink: any AccessUnitSink, _ interrupt: IOInterrupt) async throws {
    let start = pace.clocks.host()
    var run = PublishingRun(
      timeline: SendTimeline(startedAt: start, wall: pace.clocks.wall(), speed: isPaced ? options.speed : 1),
      endsAt: options.duration.map { start.advanced(by: $0) })
    var backOff = options.backOff
    while true {
      let sentBefore = run.sent
      var failure: (any Error)?
      do {
        if try await publishOnce(to: sink, interrupt, &run) { return log(run) }
      } catch let error as FFmpegError {
        if interrupt.isCancelled { throw CancellationError() }
        guard location.isLive else { throw error }
        failure = error
      }
      if run.sent > sentBefore { backOff.succeeded() }
      if location.isLive {
        let wait = backOff.failed()
        logger.warning(
          "live source is gone, opening it again",
          metadata: [
            .url: "\(location)", .reason: "\(failure.map { "\($0)" } ?? "it ended")", .delaySeconds: "\(wait.seconds)",
          ])
        try await pace.pause(wait)
        run.timeline.beginPass(at: pace.clocks.host())
      } else {
        guard run.sent > sentBefore else { throw PublishingError.emptySource(place: "\(location)") }
        guard options.loops, !location.isStandardInput else { return log(run) }
        run.timeline.beginPass()
      }
    }
  }

  /// Reads the source once.
  /// - Returns: whether the time is over.
  private func publishOnce(
    to sink: any AccessUnitSink, _ interrupt: IOInterrupt, _ run: inout PublishingRun
  ) async throws -> Bool {
    let demuxer = try Demuxer(location, options: options.demuxer, interrupt: interrupt)
    let video = demuxer.video
    logger.info(
      "source is open",
      metadata: [
        .url: "\(location)", .resolution: "\(video.resolution)",
        .framesPerSecond: "\(video.frameRate.map { "\($0)" } ?? "not stated")",
        .state: "\(video.codec == .h264 ? "copied" : "encoded again from \(video.codec)")",
      ])
    let coding = try PictureCoding(video, encoder: options.encoder, place: "\(location)")
    while let packet = try demuxer.next() {
      for unit in try coding.units(of: packet) {
        if try await send(unit, coding, to: sink, &run) { return true }
      }
    }
    for unit in try coding.finish() {
      if try await send(unit, coding, to: sink, &run) { return true }
    }
    return false
  }

  private func send(
    _ unit: TimedUnit, _ coding: PictureCoding, to sink: any AccessUnitSink, _ run: inout PublishingRun
  ) async throws -> Bool {
    let place = run.timeline.place(
      decode: unit.decodeTime, presentation: unit.presentationTime, duration: coding.frameDuration)
    if let end = run.endsAt, (isPaced ? place.sendAt : pace.clocks.host()) >= end { return true }
    let made = coding.picture(unit, captureMicros: place.captureMicros, at: pace.clocks.host())
    if let reject = made.reject {
      run.rejected += 1
      logger.debug("unit of the source left out", metadata: [.url: "\(location)", .reason: "\(reject)"])
    }
    guard let picture = made.picture else { return false }
    if isPaced { try await pace.wait(until: place.sendAt) } else { try Task.checkCancellation() }
    try await sink.send(picture)
    run.sent += 1
    if let onPicture = options.onPicture {
      await onPicture(
        PlayedPicture(
          pass: run.timeline.pass, mediaTime: place.mediaTime,
          capturedAt: WallTime(nanosSince1970: place.captureMicros &* 1000)))
    }
    return false
  }

  private func log(_ run: PublishingRun) {
    logger.info(
      "source published", metadata: [.url: "\(location)", .count: "\(run.sent)", .skipped: "\(run.rejected)"])
  }
}

/// What changes while a source is published.
private struct PublishingRun {
  var timeline: SendTimeline
  var endsAt: HostTime?
  var sent = 0
  var rejected = 0
}
