import Clocks
import CodedMedia
public import MediaModel
import Synchronization

extension RelayStream {
  /// From one request of a key frame to the next, whoever asks.
  private static let requestInterval = Nanoseconds.seconds(1)

  /// The publisher makes key frames when it is asked to.
  /// - Parameter ask: asks it; called on any thread, and must not wait.
  func acceptKeyFrameRequests(claim id: UInt64, _ ask: @escaping @Sendable () -> Void) {
    state.withLock { state in
      guard case .live(var claim) = state.phase, claim.id == id else { return }
      claim.askForKeyFrame = ask
      state.phase = .live(claim)
    }
  }

  /// Asks the publisher for a key frame, unless the last one is younger than `age`, it was asked within the last second,
  /// or it makes none on request.
  /// - Parameter age: what a reader that joins, or lost something, puts up with.
  public func requestKeyFrame(unlessYoungerThan age: Nanoseconds) {
    let now = clocks.host()
    let ask = state.withLock { state -> (@Sendable () -> Void)? in
      guard case .live(var claim) = state.phase, let ask = claim.askForKeyFrame else { return nil }
      if let first = state.cache.units.first, now.since(first.receivedAt) < age { return nil }
      if let last = claim.askedForKeyFrameAt, now.since(last) < Self.requestInterval { return nil }
      claim.askedForKeyFrameAt = now
      state.phase = .live(claim)
      return ask
    }
    ask?()
  }
}
