public import MediaModel
public import Tracing

/// A span that is over, as it goes to the collector.
public struct FinishedSpan: Sendable {
  /// Something that happened within a span.
  public typealias Event = SpanEvent

  public var context: TraceContext
  /// 0: it is the first of its trace.
  public var parentSpan: UInt64
  public var name: String
  public var kind: SpanKind
  /// Nanoseconds since 1970.
  public var start: UInt64
  /// Nanoseconds since 1970, not before `start`.
  public var end: UInt64
  public var attributes: SpanAttributes
  public var events: [Event]
  /// Events beyond the limit.
  public var droppedEvents: Int
  public var links: [SpanLink]
  public var status: SpanStatus?
}
