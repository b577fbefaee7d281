import MediaModel
import Synchronization

/// Keeps readings ahead of the video, and not too far ahead. Thread-safe; whoever may not go on asks again after a step.
package final class ReplayOrder: Sendable {
  /// Readings of so long after a picture go out in front of it: SLAM takes those of 0.6 s after a frame, and 50 ms are lost
  /// where a server puts readings into order.
  package static let lead = Nanoseconds.seconds(2)
  /// Readings go no further ahead than this, so that little waits for its frame.
  package static let farthest = Nanoseconds.seconds(3)
  package static let step = Nanoseconds.milliseconds(2)
  /// From the first picture to the first reading.
  package static let settling = Nanoseconds.milliseconds(300)

  private struct State {
    var shown: WallTime
    /// Of the reading that goes out next, or went out last.
    var next: WallTime?
    var hasFirst = false
    var isSettled = false
    var hasVideoEnded = false
    var haveReadingsEnded: Bool
  }

  private let state: Mutex<State>

  /// - Parameter origin: capture time of the first picture.
  package init(origin: WallTime, hasReadings: Bool) {
    state = Mutex(State(shown: origin, haveReadingsEnded: !hasReadings))
  }

  /// Whether a picture of this time may go out now: the first one at once.
  package func mayShow(_ time: WallTime) -> Bool {
    state.withLock { state in
      guard state.hasFirst, !state.haveReadingsEnded else { return true }
      return state.next.map { $0.since(time) > Self.lead } ?? false
    }
  }

  package func shown(_ time: WallTime) {
    state.withLock { state in
      state.hasFirst = true
      state.shown = max(state.shown, time)
    }
  }

  /// Whoever records has begun.
  package func settled() { state.withLock { $0.isSettled = true } }

  /// Whether a reading of this time may go out now.
  package func maySend(_ time: WallTime) -> Bool {
    state.withLock { state in
      state.isSettled && (state.hasVideoEnded || time.since(state.shown) <= Self.farthest)
    }
  }

  /// The reading that goes out next; all before it have gone.
  package func next(_ time: WallTime) { state.withLock { $0.next = time } }

  package func videoEnded() { state.withLock { $0.hasVideoEnded = true } }

  package func readingsEnded() { state.withLock { $0.haveReadingsEnded = true } }
}
