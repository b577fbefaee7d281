import DequeModule
public import MediaModel

/// When and how often events are tried.
public struct WebhookPolicy: Hashable, Sendable {
  /// Before the second try; it doubles with each.
  public var firstRetry = Nanoseconds.seconds(1)
  /// No pause is longer, unless the endpoint asks for more.
  public var longestRetry = Nanoseconds.seconds(300)
  /// The part of each pause that is left to chance, so that many senders do not come back together: 0…1.
  public var jitter = 0.5
  /// What an endpoint may ask for by `Retry-After`.
  public var longestRetryAfter = Nanoseconds.seconds(3_600)
  /// An event that could not be delivered for so long is given up.
  public var giveUpAfter = Nanoseconds.seconds(4 * 3_600)
  /// Events that may wait for one endpoint: 1,000 are a day of a quiet server, and half a megabyte.
  public var waitingEvents = 1_000

  public init() {}
}

/// The deliveries to one endpoint: in order, one at a time, each tried until it is taken, refused or given up.
///
/// A value without I/O: events, answers and times go in; what to do next comes out.
public struct WebhookDelivery: Sendable {
  /// What to do next.
  public enum Step: Hashable, Sendable {
    /// Post this, then say what came of it.
    case post(WebhookMessage)
    /// Ask again at this time.
    case wait(until: HostTime)
    /// Nothing waits.
    case idle
  }

  /// What became of a try.
  public enum Result: Hashable, Sendable {
    case delivered
    /// It is tried again after so much time.
    case retried(after: Nanoseconds)
    /// The endpoint refused the event for good.
    case refused
    /// The event waited too long.
    case expired
    /// The endpoint is switched off, and what waited for it is given up, so many events.
    case gone(events: Int)
  }

  private struct Entry {
    var message: WebhookMessage
    var addedAt: HostTime
  }

  public let policy: WebhookPolicy
  private var entries: Deque<Entry> = []
  /// Whether the first entry is being posted.
  private var isPosting = false
  /// Tries that failed since one was answered: of one event after the other when the endpoint is down for long.
  private var failures = 0
  private var notBefore: HostTime?
  /// The endpoint said that it wants nothing any more.
  public private(set) var isGone = false

  public init(policy: WebhookPolicy = WebhookPolicy()) { self.policy = policy }

  /// Events that wait, the one that is being posted included.
  public var count: Int { entries.count }

  /// Takes an event. When too many wait, the oldest that is not being posted goes.
  /// - Returns: events that were dropped.
  public mutating func add(_ message: WebhookMessage, at now: HostTime) -> Int {
    guard !isGone else { return 0 }
    entries.append(Entry(message: message, addedAt: now))
    guard entries.count > max(2, policy.waitingEvents) else { return 0 }
    entries.remove(at: isPosting ? 1 : 0)
    return 1
  }

  /// What to do now. After `.post`, nothing else comes before ``answered(_:at:chance:)``.
  public mutating func next(at now: HostTime) -> Step {
    guard !isPosting, let first = entries.first else { return .idle }
    if let notBefore, now < notBefore { return .wait(until: notBefore) }
    isPosting = true
    return .post(first.message)
  }

  /// Says what came of the post.
  /// - Parameter chance: a random number, 0..<1.
  public mutating func answered(_ answer: WebhookAnswer, at now: HostTime, chance: Double) -> Result {
    precondition(isPosting, "an answer belongs to a post")
    isPosting = false
    switch answer.verdict {
    case .delivered:
      take()
      return .delivered
    case .refused:
      take()
      return .refused
    case .gone:
      isGone = true
      defer { entries.removeAll() }
      return .gone(events: entries.count)
    case .again(let asked):
      failures += 1
      let pause = pause(asked: asked, chance: chance)
      notBefore = now.advanced(by: pause)
      guard let first = entries.first, now.since(first.addedAt) < policy.giveUpAfter else {
        entries.removeFirst()
        return .expired
      }
      return .retried(after: pause)
    }
  }

  /// The endpoint works: the next event goes out at once.
  private mutating func take() {
    entries.removeFirst()
    failures = 0
    notBefore = nil
  }

  private func pause(asked: Nanoseconds?, chance: Double) -> Nanoseconds {
    // 2⁴⁰ s are beyond any limit, and far from overflowing.
    let doubled = policy.firstRetry.seconds * Double(1 << min(failures - 1, 40))
    let full = min(doubled, policy.longestRetry.seconds)
    let own = Nanoseconds.seconds(full * (1 - policy.jitter * chance))
    guard let asked else { return own }
    return max(own, min(asked, policy.longestRetryAfter))
  }
}
