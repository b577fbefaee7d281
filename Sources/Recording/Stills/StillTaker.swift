import CodedMedia
import Foundation
import Logging
import MediaModel
import NIOCore
import Observability

/// Makes stills of one session on a thread of its own. The recorder of a live stream never waits for it: what the thread
/// cannot keep up with is given up, up to the next key frame, and counted.
// Safe because `state` is touched only while `condition` is locked, and the decoder only by the thread.
final class StillTaker: @unchecked Sendable {
  /// Bounds of what waits for the thread: the same as in front of the recorder.
  private static let maxUnits = 2_048
  private static let maxBytes = 64 << 20
  /// Stills that may wait for the recorder, which fetches them with every frame.
  private static let maxStills = 32
  /// Units that wait for the thread when it is waited for; no more stills than twice as many can be ready then.
  private static let maxUnitsWaitedFor = 64

  private struct State {
    var waiting: [StillCandidate] = []
    var waitingBytes = 0
    /// A unit was dropped: so are all up to the next key frame, which decodes without them.
    var isDropping = false
    var missed = 0
    var ready: [Still] = []
    var isFinishing = false
    var isDone = false
  }

  private let condition = NSCondition()
  private var state = State()
  private let isWaitedFor: Bool

  /// Starts the thread.
  /// - Parameter isWaitedFor: whether ``offer(_:)`` waits where units would be given up.
  init(quality: Int, isWaitedFor: Bool, logger: Logger) {
    self.isWaitedFor = isWaitedFor
    let thread = Thread { [self] in
      do {
        work(try StillDecoder(quality: quality))
      } catch {
        logger.error("stills cannot be taken", metadata: [.error: "\(error)"])
        idle()
      }
    }
    thread.name = "stills"
    thread.stackSize = 8 << 20
    thread.start()
  }

  /// Hands on the next unit of the session.
  func offer(_ candidate: StillCandidate) {
    condition.lock()
    defer { condition.unlock() }
    while isWaitedFor, state.waiting.count >= Self.maxUnitsWaitedFor { condition.wait() }
    let bytes = candidate.unit.bytes.readableBytes
    let isFull = state.waiting.count >= Self.maxUnits || state.waitingBytes + bytes > Self.maxBytes
    if isFull || (state.isDropping && !candidate.unit.isKeyFrame) {
      state.isDropping = true
      if candidate.isWanted { state.missed += 1 }
      return
    }
    state.isDropping = false
    state.waiting.append(candidate)
    state.waitingBytes += bytes
    condition.broadcast()
  }

  /// The stills that became ready, and how many were missed, since the last call.
  func collect() -> (stills: [Still], missed: Int) {
    condition.lock()
    defer { condition.unlock() }
    return takeReady()
  }

  /// Waits for the stills of everything that was offered, and ends the thread.
  /// - Parameter limit: how long to wait at most; `nil`: as long as it takes.
  func finish(within limit: Nanoseconds?) -> (stills: [Still], missed: Int) {
    condition.lock()
    defer { condition.unlock() }
    state.isFinishing = true
    condition.broadcast()
    if let deadline = limit.map({ Date(timeIntervalSinceNow: $0.seconds) }) {
      while !state.isDone, condition.wait(until: deadline) {}
    } else {
      while !state.isDone { condition.wait() }
    }
    return takeReady()
  }

  private func takeReady() -> (stills: [Still], missed: Int) {
    defer { (state.ready, state.missed) = ([], 0) }
    return (state.ready, state.missed)
  }

  // MARK: The thread

  private func work(_ decoder: StillDecoder) {
    var reported = 0
    while let batch = takeWaiting() {
      for candidate in batch { put(decoder.take(candidate), decoder, &reported) }
    }
    put(decoder.finish(), decoder, &reported)
    end()
  }

  /// Without a decoder: nothing is taken, everything is missed.
  private func idle() {
    while let batch = takeWaiting() {
      condition.lock()
      state.missed += batch.count { $0.isWanted }
      condition.unlock()
    }
    end()
  }

  /// - Returns: `nil` at the end of the session.
  private func takeWaiting() -> [StillCandidate]? {
    condition.lock()
    defer { condition.unlock() }
    while state.waiting.isEmpty && !state.isFinishing { condition.wait() }
    guard !state.waiting.isEmpty else { return nil }
    defer {
      (state.waiting, state.waitingBytes) = ([], 0)
      condition.broadcast()
    }
    return state.waiting
  }

  private func put(_ stills: [Still], _ decoder: StillDecoder, _ reported: inout Int) {
    guard !stills.isEmpty || decoder.missed > reported else { return }
    condition.lock()
    defer { condition.unlock() }
    for still in stills {
      if isWaitedFor || state.ready.count < Self.maxStills {
        state.ready.append(still)
      } else {
        state.missed += 1
      }
    }
    state.missed += decoder.missed - reported
    reported = decoder.missed
  }

  private func end() {
    condition.lock()
    state.isDone = true
    condition.broadcast()
    condition.unlock()
  }
}
