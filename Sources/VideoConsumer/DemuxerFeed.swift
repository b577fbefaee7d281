import Clocks
public import FFmpeg
import H264
import MediaModel
public import Observability
import PhoneProtocol
import Relay
import Threading

/// Units of what libavformat reads: RTSP and other live sources, or a file.
public struct DemuxerFeed: UnitFeed {
  private let location: MediaLocation
  private let options: Demuxer.Options
  private let clocks: SystemClocks
  private let tracing: FrameTracing
  public let isLive: Bool

  public init(
    location: MediaLocation, isLive: Bool, options: Demuxer.Options = Demuxer.Options(),
    clocks: SystemClocks = .system, tracing: FrameTracing = .off
  ) {
    self.tracing = tracing
    self.location = location
    self.isLive = isLive
    self.options = options
    self.clocks = clocks
  }

  public var place: String { "\(location)" }

  public func run(_ deliver: @Sendable (FeedEvent) async -> Void) async throws {
    let interrupt = IOInterrupt()
    // libavformat blocks, so it gets a thread; only the interrupt is for others.
    let thread = ThreadExecutor(name: "demuxer")
    try await withTaskCancellationHandler {
      try await withTaskExecutorPreference(thread) { try await read(deliver, interrupt) }
    } onCancel: {
      interrupt.cancel()
    }
  }

  @concurrent private func read(
    _ deliver: @Sendable (FeedEvent) async -> Void, _ interrupt: IOInterrupt
  ) async throws {
    do {
      let demuxer = try Demuxer(location, options: options, interrupt: interrupt)
      let video = demuxer.video
      guard video.codec == .h264 else {
        throw VideoConsumerError.notH264(place: place, codec: "\(video.codec)")
      }
      await deliver(
        .described(
          FeedDescription(
            framesPerSecond: video.frameRate?.framesPerSecond, statedResolution: video.resolution,
            reorderDepth: video.reorderDepth)))
      var builder = UnitBuilder(
        capture: isLive ? .device(CaptureClock()) : .file, isAligned: true, tracing: tracing)
      for event in builder.parameterSets(video.extradata) { await deliver(event) }
      while let packet = try demuxer.next() {
        let micros = packet.presentationTime.value / 1000
        let events = builder.frame(
          packet.bytes, timestampMicros: micros, at: clocks.host(), wall: clocks.wall())
        for event in events { await deliver(event) }
      }
      for event in builder.finish(at: clocks.host(), wall: clocks.wall()) { await deliver(event) }
    } catch FFmpegError.cancelled {
      throw CancellationError()
    }
  }
}
