package import FoxgloveProtocol
package import MediaModel

/// Which moment of a recording is played when. A value: the time comes in.
package struct PlaybackTimeline: Sendable {
  package let start: UInt64
  package let end: UInt64
  package private(set) var status: PlaybackState.Status = .playing
  package private(set) var speed: Float = 1
  /// At `anchor`, `position` was played.
  private var anchor: HostTime
  private var position: UInt64

  /// Plays from the start.
  package init(start: UInt64, end: UInt64, now: HostTime) {
    self.start = start
    self.end = max(start, end)
    anchor = now
    position = start
  }

  /// The moment that is played.
  package func time(at now: HostTime) -> UInt64 {
    guard status == .playing else { return position }
    let passed = max(0, now.since(anchor).seconds) * Double(speed) * 1e9
    // Compared as numbers that cannot overflow first.
    guard passed < Double(end - position) else { return end }
    return position + UInt64(passed)
  }

  /// When a moment is played; `nil`: not without somebody doing something.
  package func hostTime(of time: UInt64) -> HostTime? {
    guard status == .playing else { return nil }
    guard time > position else { return anchor }
    return anchor.advanced(by: Nanoseconds(Int64(Double(time - position) / Double(speed))))
  }

  /// Does what a client asks.
  /// - Returns: where to go on from, when that is somewhere else.
  package mutating func apply(_ request: PlaybackRequest, now: HostTime) -> UInt64? {
    position = time(at: now)
    anchor = now
    speed = min(max(request.speed, 0.01), 100)
    var target: UInt64?
    if let wanted = request.seekTime {
      position = min(max(wanted, start), end)
      target = position
    }
    if !request.isPlaying {
      status = .paused
    } else if position >= end, target == nil {
      // Played again from the start.
      (position, target, status) = (start, start, .playing)
    } else {
      status = .playing
    }
    return target
  }

  /// Everything was played.
  package mutating func ended() {
    (position, status) = (end, .ended)
  }

  /// The client was too slow: goes on from where it is, without making up for it.
  package mutating func stalled(at time: UInt64, now: HostTime) {
    guard status == .playing else { return }
    (position, anchor) = (min(max(time, start), end), now)
  }

  package func state(now: HostTime, didSeek: Bool = false, requestID: String? = nil) -> PlaybackState {
    PlaybackState(status: status, time: time(at: now), speed: speed, didSeek: didSeek, requestID: requestID)
  }
}
