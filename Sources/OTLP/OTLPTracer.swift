import MediaModel
public import Observability
public import Tracing

/// A tracer whose spans go to an OpenTelemetry collector.
///
/// A span with a parent is kept when its parent is; one without is kept as the sampler decides. Traces cross processes
/// in the header `traceparent` (W3C Trace Context).
public final class OTLPTracer: Tracer {
  private let buffer: SpanBuffer
  private let sampler: TraceSampler
  private let ids: TraceIDs

  /// - Parameter buffer: where spans wait for the exporter.
  public init(buffer: SpanBuffer, sampler: TraceSampler, ids: TraceIDs = TraceIDs()) {
    self.buffer = buffer
    self.sampler = sampler
    self.ids = ids
  }

  public func startSpan<Instant: TracerInstant>(
    _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
    at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
  ) -> OTLPSpan {
    let context = context()
    let parent = context.traceContext ?? root()
    let trace = TraceContext(
      traceHigh: parent.traceHigh, traceLow: parent.traceLow, span: ids.nextSpan(), isSampled: parent.isSampled)
    return OTLPSpan(
      name: operationName, trace: trace, parentSpan: parent.span, context: context, kind: kind,
      start: instant().nanosecondsSinceEpoch, buffer: parent.isSampled ? buffer : nil)
  }

  private func root() -> TraceContext {
    let (high, low) = ids.nextTrace()
    return TraceContext(traceHigh: high, traceLow: low, span: 0, isSampled: sampler.samples(low))
  }

  /// Nothing to do: whoever runs the exporter flushes.
  public func forceFlush() {}

  public func extract<Carrier, Extract>(
    _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
  ) where Extract: Extractor, Extract.Carrier == Carrier {
    guard let header = extractor.extract(key: TraceContext.headerName, from: carrier),
      let trace = TraceContext(header: header)
    else { return }
    context.traceContext = trace
  }

  public func inject<Carrier, Inject>(
    _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
  ) where Inject: Injector, Inject.Carrier == Carrier {
    guard let trace = context.traceContext, trace.span != 0 else { return }
    injector.inject(trace.header, forKey: TraceContext.headerName, into: &carrier)
  }
}
