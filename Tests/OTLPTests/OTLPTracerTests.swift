import MediaModel
import OTLP
import Observability
import Testing
import Tracing

@Suite struct OTLPTracerTests {
  private let buffer = SpanBuffer(capacity: 8)

  private struct Headers: Injector, Extractor {
    func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
    func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
  }

  private func tracer(_ ratio: Double = 1) -> OTLPTracer {
    OTLPTracer(buffer: buffer, sampler: TraceSampler(ratio: ratio))
  }

  @Test func aChildIsOfItsParentsTrace() throws {
    let tracer = tracer()
    tracer.withSpan("outer") { outer in
      outer.attributes["n"] = 1
      tracer.withSpan("inner") { _ in }
    }
    let spans = buffer.take(9)
    #expect(spans.map(\.name) == ["inner", "outer"])
    #expect(spans[0].context.traceID == spans[1].context.traceID)
    #expect(spans[0].parentSpan == spans[1].context.span && spans[1].parentSpan == 0)
    #expect(spans[0].context.span != spans[1].context.span)
    #expect(spans[1].start <= spans[0].start && spans[0].end <= spans[1].end)
  }

  @Test func aTraceCrossesProcessesInAHeader() throws {
    let here = tracer(), there = tracer(0)
    var headers: [String: String] = [:]
    let span = here.startSpan("here", context: .topLevel)
    here.inject(span.context, into: &headers, using: Headers())
    let sent = try #require(span.context.traceContext)
    #expect(headers == ["traceparent": sent.header])

    var context = ServiceContext.topLevel
    there.extract(headers, into: &context, using: Headers())
    there.startSpan("there", context: context).end()
    let received = try #require(buffer.take(1).first)
    #expect(received.context.traceID == sent.traceID && received.parentSpan == sent.span)
  }

  @Test func whatIsNotKeptIsNotKeptAnywhere() throws {
    let tracer = tracer(0)
    var headers: [String: String] = [:]
    tracer.withSpan("outer") { outer in
      #expect(!outer.isRecording)
      tracer.inject(outer.context, into: &headers, using: Headers())
      tracer.withSpan("inner") { _ in }
    }
    #expect(buffer.count == 0)
    let header = try #require(headers["traceparent"])
    #expect(TraceContext(header: header)?.isSampled == false)
    var context = ServiceContext.topLevel
    let keeping = self.tracer(1)
    keeping.extract(headers, into: &context, using: Headers())
    keeping.startSpan("child", context: context).end()
    #expect(buffer.count == 0, "the parent decides")
  }

  @Test func malformedHeadersBeginANewTrace() {
    let tracer = tracer()
    var context = ServiceContext.topLevel
    tracer.extract(["traceparent": "00-0-0-00"], into: &context, using: Headers())
    #expect(context.traceContext == nil)
    tracer.extract([:], into: &context, using: Headers())
    #expect(context.traceContext == nil)
  }

  @Test func aSpanCountsOnceAndIsThenFixed() {
    let span = tracer().startSpan("a", context: .topLevel)
    span.end()
    span.attributes["late"] = true
    span.operationName = "b"
    span.end()
    let spans = buffer.take(9)
    #expect(spans.map(\.name) == ["a"])
    #expect(spans.first?.attributes.isEmpty == true)
    #expect(!span.isRecording)
  }

  @Test func aFullBufferDropsWhatComesLast() {
    let tracer = tracer()
    for index in 0..<20 { tracer.startSpan("\(index)", context: .topLevel).end() }
    #expect(buffer.take(99).map(\.name) == (0..<8).map { "\($0)" })
  }

  @Test func errorsAreEvents() throws {
    struct Broken: Error {}
    #expect(throws: Broken.self) { try tracer().withSpan("a") { _ in throw Broken() } }
    let span = try #require(buffer.take(1).first)
    #expect(span.events.map(\.name) == ["exception"])
    #expect(span.events.first?.attributes.get("exception.type") == .string("Broken"))
  }
}
