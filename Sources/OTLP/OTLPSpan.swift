import MediaModel
import Observability
import Synchronization
public import Tracing

/// A span that goes on. It counts when it ends; one that nobody ends is never told.
public final class OTLPSpan: Span {
  /// Events and links that one span keeps: the limits of the OpenTelemetry specification.
  private static let listLimit = 128

  private struct State {
    var name: String
    var attributes = SpanAttributes()
    var events: [SpanEvent] = []
    var droppedEvents = 0
    var links: [SpanLink] = []
    var status: SpanStatus?
    var isEnded = false
  }

  public let context: ServiceContext
  private let trace: TraceContext
  private let parentSpan: UInt64
  private let kind: SpanKind
  private let start: UInt64
  /// `nil`: the trace is not kept.
  private let buffer: SpanBuffer?
  private let state: Mutex<State>

  init(
    name: String, trace: TraceContext, parentSpan: UInt64, context: ServiceContext, kind: SpanKind, start: UInt64,
    buffer: SpanBuffer?
  ) {
    self.trace = trace
    self.parentSpan = parentSpan
    self.kind = kind
    self.start = start
    self.buffer = buffer
    var context = context
    context.traceContext = trace
    self.context = context
    state = Mutex(State(name: name))
  }

  public var isRecording: Bool { buffer != nil && state.withLock { !$0.isEnded } }

  public var operationName: String {
    get { state.withLock { $0.name } }
    set { change { $0.name = newValue } }
  }

  public var attributes: SpanAttributes {
    get { state.withLock { $0.attributes } }
    set { change { $0.attributes = newValue } }
  }

  public func setStatus(_ status: SpanStatus) { change { $0.status = status } }

  public func addEvent(_ event: SpanEvent) {
    change { state in
      if state.events.count < Self.listLimit { state.events.append(event) } else { state.droppedEvents += 1 }
    }
  }

  public func addLink(_ link: SpanLink) {
    change { state in
      if state.links.count < Self.listLimit { state.links.append(link) }
    }
  }

  public func recordError<Instant: TracerInstant>(
    _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
  ) {
    guard isRecording else { return }
    var attributes = attributes
    attributes["exception.type"] = SpanAttribute.string("\(type(of: error))")
    attributes["exception.message"] = SpanAttribute.string("\(error)")
    addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
  }

  public func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
    guard let buffer else { return }
    let end = instant().nanosecondsSinceEpoch
    let finished = state.withLock { state -> FinishedSpan? in
      guard !state.isEnded else { return nil }
      state.isEnded = true
      return FinishedSpan(
        context: trace, parentSpan: parentSpan, name: state.name, kind: kind, start: start, end: max(start, end),
        attributes: state.attributes, events: state.events, droppedEvents: state.droppedEvents, links: state.links,
        status: state.status)
    }
    if let finished { buffer.add(finished) }
  }

  private func change(_ body: (inout State) -> Void) {
    guard buffer != nil else { return }
    state.withLock { state in
      if !state.isEnded { body(&state) }
    }
  }
}
