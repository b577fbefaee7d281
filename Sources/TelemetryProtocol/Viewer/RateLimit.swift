public import MediaModel

/// Lets one thing of a kind through at a time, at most so often: of what comes in between, the newest.
public struct RateLimit<Element: Sendable>: Sendable {
  private let interval: Nanoseconds
  private var next: HostTime?
  private var waiting: Element?

  /// - Parameter perSecond: how often; `nil` lets everything through.
  public init(perSecond: Double?) {
    interval = perSecond.map { .seconds(1 / $0) } ?? .zero
  }

  /// When ``deadlineReached(at:)`` has something to hand over; `nil`: nothing waits.
  public var nextDeadline: HostTime? { waiting == nil ? nil : next }

  /// Offers an element.
  /// - Returns: what goes through now, and whether an older element was left out.
  public mutating func offer(_ element: Element, at now: HostTime) -> (passed: Element?, replaced: Bool) {
    guard interval > .zero else { return (element, false) }
    if let next, now < next {
      defer { waiting = element }
      return (nil, waiting != nil)
    }
    let replaced = waiting != nil
    waiting = nil
    pass(at: now)
    return (element, replaced)
  }

  /// The element that waited until `now`.
  public mutating func deadlineReached(at now: HostTime) -> Element? {
    guard let next, now >= next, let element = waiting.take() else { return nil }
    pass(at: now)
    return element
  }

  /// Keeps to the grid of intervals while elements come all the time, so that the rate is not lowered by delays.
  private mutating func pass(at now: HostTime) {
    let due = next ?? now
    next = (now.since(due) < interval ? due : now).advanced(by: interval)
  }
}
