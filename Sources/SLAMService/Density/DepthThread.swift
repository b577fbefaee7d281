internal import Clocks
import Foundation
internal import MediaModel

/// Work on depth, on a thread of its own, so that tracking does not wait for it.
///
/// The thread ends when nobody holds this any more.
final class DepthThread: Sendable {
  /// What there is to do.
  enum Work: Sendable {
    case keyFrame(DepthJob)
    /// No more key frames come.
    case finish
    /// A cloud of many key frames is wanted.
    case fusion(CloudFusion)
  }

  /// What came of it.
  enum Outcome: Sendable {
    /// What a key frame shows, and how long it took.
    case depth(KeyFrameDepth?, took: Nanoseconds)
    case cloud(CloudFusion.Result)
  }

  private struct State {
    var queue: [Work] = []
    var outcomes: [Outcome] = []
    var isBusy = false
    var isClosed = false
  }

  /// Key frames that may wait; they come some 0.3 s apart, and take a fifth of that.
  private static let capacity = 3

  // Safe because `state` is only touched while `condition` is locked.
  private final class Shared: @unchecked Sendable {
    let condition = NSCondition()
    var state = State()
  }

  private let shared = Shared()

  init(clocks: SystemClocks) {
    let thread = Thread { [shared] in Self.work(shared, clocks) }
    thread.name = "slam-depth"
    thread.start()
  }

  deinit {
    shared.condition.lock()
    shared.state.isClosed = true
    shared.condition.broadcast()
    shared.condition.unlock()
  }

  /// Asks for work. Never waits: of key frames that wait the oldest is given up when there are too many, and of clouds
  /// all but the newest.
  /// - Returns: key frames that were given up.
  func put(_ work: Work) -> Int {
    shared.condition.lock()
    defer { shared.condition.unlock() }
    var dropped = 0
    switch work {
    case .keyFrame:
      let waiting = shared.state.queue.indices.filter { shared.state.queue[$0].isKeyFrame }
      if waiting.count >= Self.capacity {
        shared.state.queue.remove(at: waiting[0])
        dropped = 1
      }
    case .fusion: shared.state.queue.removeAll { $0.isFusion }
    case .finish: break
    }
    shared.state.queue.append(work)
    shared.condition.broadcast()
    return dropped
  }

  /// What was done since the last call, in order.
  func takeOutcomes() -> [Outcome] {
    shared.condition.lock()
    defer { shared.condition.unlock() }
    defer { shared.state.outcomes = [] }
    return shared.state.outcomes
  }

  /// Waits until everything is done.
  func drain() {
    shared.condition.lock()
    while shared.state.isBusy || !shared.state.queue.isEmpty { shared.condition.wait() }
    shared.condition.unlock()
  }

  private static func work(_ shared: Shared, _ clocks: SystemClocks) {
    var pipeline = DepthPipeline()
    while let work = next(shared) {
      let outcome = perform(work, &pipeline, clocks)
      shared.condition.lock()
      shared.state.outcomes.append(outcome)
      shared.state.isBusy = false
      shared.condition.broadcast()
      shared.condition.unlock()
    }
  }

  private static func next(_ shared: Shared) -> Work? {
    shared.condition.lock()
    defer { shared.condition.unlock() }
    while shared.state.queue.isEmpty && !shared.state.isClosed { shared.condition.wait() }
    guard !shared.state.queue.isEmpty, !shared.state.isClosed else { return nil }
    shared.state.isBusy = true
    return shared.state.queue.removeFirst()
  }

  private static func perform(_ work: Work, _ pipeline: inout DepthPipeline, _ clocks: SystemClocks) -> Outcome {
    let start = clocks.host()
    switch work {
    case .keyFrame(let job): return .depth(pipeline.add(job), took: clocks.host().since(start))
    case .finish: return .depth(pipeline.finish(), took: clocks.host().since(start))
    case .fusion(let fusion): return .cloud(fusion.result())
    }
  }
}

extension DepthThread.Work {
  fileprivate var isKeyFrame: Bool {
    if case .keyFrame = self { true } else { false }
  }

  fileprivate var isFusion: Bool {
    if case .fusion = self { true } else { false }
  }
}
