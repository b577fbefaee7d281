import CodedMedia
import H264
import MediaModel
import NIOCore
import Observability
import PhoneProtocol
import Relay

/// Makes numbered access units from what a server or container sends, without I/O.
struct UnitBuilder {
  /// Where capture times come from.
  enum CaptureTime {
    /// Timestamps are the server's wall clock already.
    case wall
    /// Timestamps count from an arbitrary start; the fastest packet tells the offset to our clock.
    case device(CaptureClock)
    /// Timestamps are those of a file, taken as time since 1970, so that every run sees the same.
    case file
  }

  private var assembler = AccessUnitAssembler()
  private var capture: CaptureTime
  private var timeline: DecodeTimeline?
  private var sets: ParameterSets?
  private var sequence: UInt64 = 0
  private var hasKeyFrame = false
  private let tracing: FrameTracing

  /// - Parameters:
  ///   - isAligned: whether every payload is exactly one access unit.
  ///   - tracing: chooses frames to follow; they enter this process here.
  init(capture: CaptureTime, isAligned: Bool, tracing: FrameTracing = .off) {
    self.tracing = tracing
    self.capture = capture
    assembler.isAligned = isAligned
  }

  /// Takes SPS and PPS that came apart from the pictures, Annex B.
  mutating func parameterSets(_ annexB: ByteBuffer) -> [FeedEvent] {
    guard annexB.readableBytes > 0 else { return [] }
    // The sets are of no use before their picture, so their receive time does not matter.
    return units(assembler.parameterSets(annexB), at: HostTime(nanos: 0), wall: WallTime(nanosSince1970: 0))
  }

  /// Takes one payload.
  mutating func frame(
    _ payload: ByteBuffer, timestampMicros: Int64, at now: HostTime, wall: WallTime
  ) -> [FeedEvent] {
    units(assembler.frame(payload, senderMicros: timestampMicros, now: now), at: now, wall: wall)
  }

  /// The picture that was held back, at the end of the stream.
  mutating func finish(at now: HostTime, wall: WallTime) -> [FeedEvent] {
    units(assembler.finish(), at: now, wall: wall)
  }

  private mutating func units(_ effects: AccessUnitAssembler.Effects, at now: HostTime, wall: WallTime) -> [FeedEvent] {
    var events = effects.rejects.map { FeedEvent.rejected($0.description) }
    for picture in effects.pictures {
      // A decoder can start at key frames only.
      guard picture.isKeyFrame || hasKeyFrame else { continue }
      hasKeyFrame = true
      events.append(.delivery(delivery(of: picture, at: now, wall: wall)))
    }
    return events
  }

  private mutating func delivery(of picture: CodedPicture, at now: HostTime, wall: WallTime) -> Delivery {
    let isNew = sets.map { !$0.hasSameContent(as: picture.parameterSets) } ?? true
    if isNew {
      sets = picture.parameterSets
      timeline = nil
    }
    let capturedAt = captureTime(of: picture, at: now, wall: wall)
    var timeline =
      self.timeline ?? DecodeTimeline(reorderDepth: picture.parameterSets.reorderDepth, pictureDuration: 33_333_333)
    let decodeAt = WallTime(nanosSince1970: timeline.next(presentation: capturedAt.nanosSince1970))
    self.timeline = timeline
    sequence += 1
    let span = tracing.beginFrame(at: now)
    let unit = AccessUnit(
      picture: picture, sequence: sequence, capturedAt: capturedAt, decodeAt: decodeAt, receivedAt: now,
      receivedWall: wall, trace: span?.context)
    span?.describe(sequence: sequence, isKeyFrame: picture.isKeyFrame, bytes: picture.bytes.readableBytes)
    span?.end()
    return Delivery(unit: unit, parameterSets: isNew && !picture.carriesParameterSets ? picture.parameterSets : nil)
  }

  private mutating func captureTime(of picture: CodedPicture, at now: HostTime, wall: WallTime) -> WallTime {
    switch capture {
    case .wall, .file: return WallTime(nanosSince1970: picture.senderMicros &* 1000)
    case .device(var clock):
      let time = clock.capturedAt(senderMicros: picture.senderMicros, receivedAt: now, wallNow: wall)
      capture = .device(clock)
      return time
    }
  }
}
