public import CodedMedia
public import MediaModel

/// A service that looks at video: recorder, SLAM, detection. A `ConsumerRunner` feeds it.
///
/// All calls come from one task, one after the other, on a thread of the consumer's own: it may compute and block as
/// long as it needs. Meanwhile live video goes on, and the runner skips what the consumer missed.
public protocol VideoConsumer: Sendable {
  /// The name of the service in logs and metrics: `recorder`, `slam`, `detection`.
  var service: String { get }

  /// What it wants to see.
  var demand: ConsumerDemand { get }

  /// A stream starts: for the first time, after a reconnect, or with other parameter sets (another size). Its frames
  /// follow. An error is logged, and the frames follow nevertheless.
  func streamBegan(_ stream: ConsumedStream) async throws

  /// Handles one frame. An error concerns this frame only: it is logged with the frame's number, and the next one
  /// comes.
  func consume(_ frame: ConsumedFrame) async throws

  /// Nothing comes any more: the file is at its end, or the service stops. Called once.
  func finish() async
}

extension VideoConsumer {
  public func streamBegan(_ stream: ConsumedStream) async throws {}
  public func finish() async {}
}

/// What a consumer wants to see.
public struct ConsumerDemand: Hashable, Sendable {
  /// Every access unit, not decoded, in decoding order. A consumer that falls behind by more than the queue holds
  /// misses whole units up to a key frame, which is counted.
  public var units: Bool
  /// Decoded pictures in display order: every n-th, where 1 is each; `nil` for none. From live video, a consumer that
  /// is too slow gets the newest picture.
  public var pictureInterval: Int?

  public init(units: Bool, pictureInterval: Int?) {
    self.units = units
    self.pictureInterval = pictureInterval.map { max(1, $0) }
  }

  /// Decoded pictures.
  /// - Parameter interval: every n-th; 0 and 1 mean each, as in the `…_FRAME_SKIP` environment variables.
  public static func pictures(every interval: Int = 1) -> ConsumerDemand {
    ConsumerDemand(units: false, pictureInterval: interval)
  }

  /// Access units as they came.
  public static let codedUnits = ConsumerDemand(units: true, pictureInterval: nil)
}

/// What is known about a stream when it starts.
public struct ConsumedStream: Hashable, Sendable {
  /// Where it comes from, without credentials.
  public var place: String
  /// Size of the pictures.
  public var resolution: Resolution
  /// Frames per second as container or SPS state them; `nil` where neither does.
  public var framesPerSecond: Double?
  /// RFC 6381 codec string.
  public var codec: String
  /// Whether frames come at the pace of the world rather than as fast as they are handled.
  public var isLive: Bool
  /// Whether the next frame waits until this one is done with: of a file, and of a recording that is sent once more.
  public var canWait: Bool
  /// Counts the streams of one run, from 1.
  public var generation: Int

  public init(
    place: String, resolution: Resolution, framesPerSecond: Double?, codec: String, isLive: Bool,
    canWait: Bool? = nil, generation: Int
  ) {
    self.canWait = canWait ?? !isLive
    self.place = place
    self.resolution = resolution
    self.framesPerSecond = framesPerSecond
    self.codec = codec
    self.isLive = isLive
    self.generation = generation
  }
}

/// One frame of video.
///
/// A consumer that asks for units and pictures gets each unit as it comes, with `picture` `nil`, and the pictures, in
/// display order, as frames of their own.
public struct ConsumedFrame: Sendable {
  /// The number of the frame in this run, from 1. Frames that were missed or left out on purpose are counted, so that
  /// a number names the same frame of a file whatever is skipped. Units count in decoding order, pictures in display
  /// order.
  public var number: Int
  /// The coded picture, with capture time; for a file, capture times are those of the container, from 1970 on.
  public var unit: AccessUnit
  /// The decoded picture.
  public var picture: Picture?
  /// How many frames came between the one before and this one that the consumer would have got, had it been faster.
  public var skipped: Int
  /// The stream it belongs to.
  public var stream: ConsumedStream
  /// Its trace so far, for `BusMessage.trace` of what comes of it; `nil`: it is not traced.
  public var trace: TraceContext?

  public init(
    number: Int, unit: AccessUnit, picture: Picture?, skipped: Int = 0, stream: ConsumedStream,
    trace: TraceContext? = nil
  ) {
    self.trace = trace
    self.number = number
    self.unit = unit
    self.picture = picture
    self.skipped = skipped
    self.stream = stream
  }

  /// When the frame was captured.
  public var capturedAt: WallTime { unit.capturedAt }
}
