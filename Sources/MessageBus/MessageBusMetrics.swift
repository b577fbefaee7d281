public import BusMessages
import Metrics

/// Counters that both engines keep.
public struct MessageBusMetrics: Sendable {
  /// Where a message was dropped; a closed set.
  public enum Place: String, CaseIterable, Sendable {
    /// A subscriber was too slow.
    case subscription
    /// The outgoing queue was full and nothing could be put on disk.
    case outgoing
    /// The spool was full.
    case spool
  }

  private let publishedByTopic: [Topic: Counter]
  private let droppedByPlace: [Place: Counter]

  public init() {
    publishedByTopic = Dictionary(
      uniqueKeysWithValues: Topic.allCases.map {
        ($0, Counter(label: "worldsystem_bus_messages_published_total", dimensions: [("topic", $0.rawValue)]))
      })
    droppedByPlace = Dictionary(
      uniqueKeysWithValues: Place.allCases.map {
        ($0, Counter(label: "worldsystem_bus_messages_dropped_total", dimensions: [("place", $0.rawValue)]))
      })
  }

  public func published(_ topic: Topic) { publishedByTopic[topic]?.increment() }
  public func dropped(_ place: Place, count: Int = 1) { droppedByPlace[place]?.increment(by: count) }
}
