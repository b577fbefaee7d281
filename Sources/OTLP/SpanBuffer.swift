import Metrics
import Synchronization

/// Spans that wait for the exporter. When it is full, further ones are dropped and counted: whoever traces never waits.
public final class SpanBuffer: Sendable {
  /// What became of a span; a closed set.
  enum Outcome: String, CaseIterable {
    case exported, dropped, failed
  }

  private let capacity: Int
  private let spans = Mutex<[FinishedSpan]>([])
  private let counters: [Outcome: Counter]

  /// - Parameter capacity: spans that may wait; 4,096 are 34 s of one fully traced stream at 30 frames a second.
  public init(capacity: Int = 4_096) {
    self.capacity = capacity
    counters = Dictionary(
      uniqueKeysWithValues: Outcome.allCases.map {
        ($0, Counter(label: "worldsystem_tracing_spans_total", dimensions: [("outcome", $0.rawValue)]))
      })
  }

  /// Spans that wait.
  public var count: Int { spans.withLock { $0.count } }

  /// Takes a span. Never waits.
  public func add(_ span: FinishedSpan) {
    let isTaken = spans.withLock { spans in
      guard spans.count < capacity else { return false }
      spans.append(span)
      return true
    }
    if !isTaken { record(.dropped, 1) }
  }

  /// Removes the oldest spans, so many at most.
  public func take(_ limit: Int) -> [FinishedSpan] {
    spans.withLock { spans in
      let taken = Array(spans.prefix(limit))
      spans.removeFirst(taken.count)
      return taken
    }
  }

  /// Puts spans back that could not be sent yet.
  func putBack(_ batch: [FinishedSpan]) {
    let dropped = spans.withLock { spans in
      spans.insert(contentsOf: batch, at: 0)
      let excess = max(0, spans.count - capacity)
      spans.removeLast(excess)
      return excess
    }
    record(.dropped, dropped)
  }

  func record(_ outcome: Outcome, _ spans: Int) {
    if spans > 0 { counters[outcome]?.increment(by: spans) }
  }
}
