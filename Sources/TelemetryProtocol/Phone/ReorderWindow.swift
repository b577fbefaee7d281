public import MediaModel

/// Puts samples into the order of their timestamps, leaves out repetitions, and holds none longer than the window.
///
/// What goes out is always in order. A sample goes out at once when nothing can be missing in front of it: the stream is
/// known to be regular, and the step from the sample before is one step. Otherwise it waits: for what is missing, or
/// until the window is over since it came. While a stream is not known to be regular (its first samples, an irregular
/// rate) every sample waits for the whole window, since there order and speed exclude each other.
///
/// A sample that comes after a later one went out is late, and left out. That happens to samples delayed by more than
/// the window, and to those that break a regularity the stream has shown so far, once: the stream then counts as
/// irregular until it has shown a regular rate again.
public struct ReorderWindow<Element: Sendable>: Sendable {
  /// A sample on its way out.
  public struct Released: Sendable {
    public var timestampNanos: Int64
    public var element: Element
    /// For how long it was held.
    public var delay: Nanoseconds
  }

  /// What a call brought about.
  public struct Effects: Sendable {
    /// In order.
    public var released: [Released] = []
    public var duplicates = 0
    public var late = 0
    /// The device's clock was set back: order begins anew.
    public var restarted = false
    /// When ``ReorderWindow/deadlineReached(at:)`` wants to be called; `nil`: nothing is held.
    public var nextDeadline: HostTime?
  }

  private struct Held: Sendable {
    var timestampNanos: Int64
    var element: Element
    var receivedAt: HostTime
  }

  private let limits: ReorderLimits
  /// In order of timestamp.
  private var held: [Held] = []
  /// What went out last, in order; the ends of a ring.
  private var released: RecentTimestamps
  private var regularity = StepRegularity()
  private var farBehind = 0

  public init(limits: ReorderLimits = ReorderLimits()) {
    self.limits = limits
    released = RecentTimestamps(capacity: limits.remembered)
  }

  /// Samples that are held.
  public var heldCount: Int { held.count }

  /// Takes a sample. Times must not decrease from call to call.
  public mutating func insert(_ element: Element, timestampNanos: Int64, at now: HostTime) -> Effects {
    var effects = Effects()
    if let last = released.last, timestampNanos <= last {
      if released.contains(timestampNanos) {
        effects.duplicates = 1
      } else if isSetBack(timestampNanos, last: last) {
        restart(into: &effects, at: now)
        place(Held(timestampNanos: timestampNanos, element: element, receivedAt: now), into: &effects)
      } else {
        effects.late = 1
        // A step of the stream is shorter than it was thought to be, unless the sample was simply slow.
        regularity.brokenBySurprise()
      }
    } else {
      farBehind = 0
      place(Held(timestampNanos: timestampNanos, element: element, receivedAt: now), into: &effects)
    }
    release(at: now, into: &effects)
    return effects
  }

  /// Lets go what was held until `now`.
  public mutating func deadlineReached(at now: HostTime) -> Effects {
    var effects = Effects()
    release(at: now, into: &effects)
    return effects
  }

  /// Lets go everything: the connection is gone.
  public mutating func finish(at now: HostTime) -> Effects {
    var effects = Effects()
    releaseFirst(held.count, at: now, into: &effects)
    return effects
  }

  private mutating func isSetBack(_ timestampNanos: Int64, last: Int64) -> Bool {
    guard last - timestampNanos > limits.clockJump.value else { return false }
    farBehind += 1
    return farBehind >= limits.clockJumpRun
  }

  private mutating func restart(into effects: inout Effects, at now: HostTime) {
    releaseFirst(held.count, at: now, into: &effects)
    released.removeAll()
    regularity = StepRegularity()
    farBehind = 0
    effects.restarted = true
  }

  private mutating func place(_ sample: Held, into effects: inout Effects) {
    let index = held.partitioningIndex { $0.timestampNanos >= sample.timestampNanos }
    if index < held.count, held[index].timestampNanos == sample.timestampNanos {
      effects.duplicates = 1
    } else {
      held.insert(sample, at: index)
    }
  }

  private mutating func release(at now: HostTime, into effects: inout Effects) {
    // Everything up to the last sample whose time is over, and more when there are too many.
    let expired = held.lastIndex { now.since($0.receivedAt) >= limits.window }.map { $0 + 1 } ?? 0
    releaseFirst(max(expired, held.count - limits.held), at: now, into: &effects)
    while let first = held.first, let last = released.last, regularity.isOneStep(first.timestampNanos - last) {
      releaseFirst(1, at: now, into: &effects)
    }
    effects.nextDeadline = held.lazy.map(\.receivedAt).min()?.advanced(by: limits.window)
  }

  private mutating func releaseFirst(_ count: Int, at now: HostTime, into effects: inout Effects) {
    guard count > 0 else { return }
    for sample in held.prefix(count) {
      if let last = released.last { regularity.add(step: sample.timestampNanos - last) }
      released.append(sample.timestampNanos)
      effects.released.append(
        Released(
          timestampNanos: sample.timestampNanos, element: sample.element, delay: now.since(sample.receivedAt)))
    }
    held.removeFirst(count)
  }
}

/// Whether the steps from sample to sample are of one length, apart from gaps.
struct StepRegularity: Sendable {
  /// Steps that are looked at.
  private static let memory = 32
  /// Steps before anything is said.
  private static let least = 8

  private var steps: [Int64] = []
  private var position = 0
  private var smallest: Int64 = 0
  private var isRegular = false

  /// Adds a step between samples that follow each other.
  mutating func add(step: Int64) {
    if steps.count < Self.memory {
      steps.append(step)
    } else {
      steps[position] = step
      position = (position + 1) % Self.memory
    }
    smallest = steps.min() ?? 0
    // Gaps do no harm; a stream with steps much smaller than most may hide a sample in any of them.
    let single = steps.count { isWithinOneStep($0) }
    isRegular = steps.count >= Self.least && single * 4 >= steps.count * 3
  }

  /// A sample came where none was expected.
  mutating func brokenBySurprise() {
    steps.removeAll(keepingCapacity: true)
    position = 0
    isRegular = false
  }

  /// Whether no sample fits into a step.
  func isOneStep(_ step: Int64) -> Bool { isRegular && isWithinOneStep(step) }

  private func isWithinOneStep(_ step: Int64) -> Bool { step - smallest <= smallest / 2 }
}

/// The timestamps that went out last, ascending.
struct RecentTimestamps: Sendable {
  private let capacity: Int
  private var times: [Int64] = []

  init(capacity: Int) { self.capacity = max(1, capacity) }

  var last: Int64? { times.last }

  mutating func append(_ time: Int64) {
    // Trimmed by halves, so that it costs nothing on average.
    if times.count >= 2 * capacity { times.removeFirst(capacity) }
    times.append(time)
  }

  func contains(_ time: Int64) -> Bool {
    let index = times.partitioningIndex { $0 >= time }
    return index < times.count && times[index] == time
  }

  mutating func removeAll() { times.removeAll(keepingCapacity: true) }
}

extension Array {
  /// The first index whose element satisfies a predicate that holds for everything behind it too; O(log n).
  func partitioningIndex(where isBehind: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
