import MediaModel

/// When to send each picture of a source, and what capture time to give it.
///
/// A pass is one reading of the source; passes follow each other without a gap, so that times go on rising when a file
/// is looped. Every time is computed from the start, never from the picture before, so that errors do not add up.
package struct SendTimeline {
  private let startedAt: HostTime
  private let startedAtWall: WallTime
  private let speed: Double
  /// Media time before this pass.
  private var passStart: Nanoseconds = .zero
  /// First decoding time of this pass, on the source's clock.
  private var firstDecode: Nanoseconds?
  /// The latest end of a picture, in media time.
  private var end: Nanoseconds = .zero
  /// How often the source was begun again.
  package private(set) var pass = 0

  /// - Parameter speed: seconds of the source in one second; 2 is twice as fast.
  package init(startedAt: HostTime, wall: WallTime, speed: Double) {
    self.startedAt = startedAt
    startedAtWall = wall
    self.speed = speed
  }

  /// The source is read from its start again: its next picture follows the last one so far.
  package mutating func beginPass() {
    passStart = end
    firstDecode = nil
    pass += 1
  }

  /// The source is read from its start again after a break: its next picture is now.
  package mutating func beginPass(at now: HostTime) {
    beginPass()
    passStart = max(passStart, Nanoseconds(Int64(Double(now.since(startedAt).value) * speed)))
  }

  /// Places the next picture in decoding order.
  /// - Returns: when to send it, its capture time in microseconds since 1970, and its time since this pass began.
  package mutating func place(
    decode: Nanoseconds, presentation: Nanoseconds, duration: Nanoseconds
  ) -> (sendAt: HostTime, captureMicros: Int64, mediaTime: Nanoseconds) {
    let first = firstDecode ?? decode
    firstDecode = first
    let sending = passStart.value &+ max(0, decode.value &- first.value)
    let showing = passStart.value &+ max(0, presentation.value &- first.value)
    end = max(end, Nanoseconds(showing &+ max(1000, duration.value)))
    return (
      startedAt.advanced(by: scaled(sending)), startedAtWall.advanced(by: scaled(showing)).nanosSince1970 / 1000,
      Nanoseconds(showing &- passStart.value)
    )
  }

  private func scaled(_ nanos: Int64) -> Nanoseconds {
    speed == 1 ? Nanoseconds(nanos) : Nanoseconds(Int64(Double(nanos) / speed))
  }
}
