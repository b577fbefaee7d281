public import BusMessages
public import Clocks
import Foundation
import MediaModel
import Metrics
import Synchronization

/// Tells others what comes, goes and is finished on this node: on the bus, for everybody, and to listeners in this
/// process that want to know of this node alone.
///
/// Emitting never waits. A storm of events of one type is thinned out: what is left out is counted, and the next event
/// of the type says how many there were. Files and sessions are always told.
public final class LifecycleEvents: Sendable {
  /// The name of this node, in each event.
  public let node: String
  /// The events of this process alone, for those who have to hear of each of them even while a broker is away.
  public let own = InProcessBus()
  private let bus: any MessageBus
  private let clocks: SystemClocks
  private let makeID: @Sendable () -> String
  private let budgets: Mutex<[LifecycleEvent.Kind: EventBudget]>
  private let emitted: [LifecycleEvent.Kind: Counter]
  private let suppressed: [LifecycleEvent.Kind: Counter]

  /// - Parameters:
  ///   - bus: where everybody hears of them.
  ///   - budget: of each type.
  ///   - makeID: names an event for ever.
  public init(
    node: String, bus: any MessageBus, clocks: SystemClocks = .system, budget: EventBudget = EventBudget(),
    makeID: @escaping @Sendable () -> String = { UUID().uuidString.lowercased() }
  ) {
    self.node = node
    self.bus = bus
    self.clocks = clocks
    self.makeID = makeID
    budgets = Mutex(Dictionary(uniqueKeysWithValues: LifecycleEvent.Kind.allCases.map { ($0, budget) }))
    emitted = Self.counters("worldsystem_events_emitted_total")
    suppressed = Self.counters("worldsystem_events_suppressed_total")
  }

  private static func counters(_ name: String) -> [LifecycleEvent.Kind: Counter] {
    Dictionary(
      uniqueKeysWithValues: LifecycleEvent.Kind.allCases.map {
        ($0, Counter(label: name, dimensions: [("type", $0.rawValue)]))
      })
  }

  /// Tells of an event.
  /// - Parameter describe: adds what is known beside type, time, id and node.
  public func emit(_ type: LifecycleEvent.Kind, _ describe: (inout LifecycleEvent) -> Void = { _ in }) {
    var missing = 0
    if type.isThinnedOut {
      let now = clocks.host()
      guard let before = budgets.withLock({ $0[type]?.event(at: now) }) else {
        suppressed[type]?.increment()
        return
      }
      missing = before
    }
    var event = LifecycleEvent(type: type, timestamp: clocks.wall().secondsSince1970, id: makeID(), node: node)
    describe(&event)
    if missing > 0 { event.suppressed = missing }
    var headers: [String: BusHeaderValue] = [BusHeader.node: .text(node)]
    headers[BusHeader.stream] = event.stream.map { .text($0) }
    do {
      let message = try event.message(headers: headers)
      own.deliver(BusDelivery(message: message))
      bus.publish(message)
      emitted[type]?.increment()
    } catch {
      assertionFailure("an event has finite numbers only: \(error)")
    }
  }
}

extension LifecycleEvent.Kind {
  /// Whether clients can cause it as often as they like.
  var isThinnedOut: Bool {
    switch self {
    case .streamStarted, .streamStopped, .consumerJoined, .consumerLeft, .phoneConnected, .phoneDisconnected: true
    case .recordingSegmentClosed, .sessionEnded: false
    }
  }
}
