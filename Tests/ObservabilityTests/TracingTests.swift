import MediaModel
import Observability
import Testing
import Tracing

@Suite struct TracingTests {
  @Test func theSamplerKeepsItsPart() {
    let ids = TraceIDs(process: 12_345)
    for ratio in [0, 0.01, 0.25, 0.5, 1] {
      let sampler = TraceSampler(ratio: ratio)
      let kept = (0..<20_000).count { _ in sampler.samples(ids.nextTrace().low) }
      // Four standard deviations of a binomial distribution.
      #expect(abs(Double(kept) - 20_000 * ratio) <= 4 * (20_000 * ratio * (1 - ratio)).squareRoot() + 0.5)
    }
    #expect(TraceSampler(ratio: 1).samples(.max) && !TraceSampler(ratio: 0).samples(0))
    #expect(TraceSampler(ratio: 7) == TraceSampler(ratio: 1) && TraceSampler(ratio: -1) == TraceSampler(ratio: 0))
  }

  @Test func idsAreNeverZeroAndNeverRepeat() {
    let ids = TraceIDs()
    let spans = (0..<10_000).map { _ in ids.nextSpan() }
    #expect(Set(spans).count == 10_000 && !spans.contains(0))
    let trace = ids.nextTrace()
    #expect(trace.high != 0 && ids.nextTrace().high == trace.high)
  }

  @Test func offTracesNothing() {
    let trace = TraceContext(traceHigh: 1, traceLow: 2, span: 3, isSampled: true)
    #expect(FrameTracing.off.beginFrame(at: HostTime(nanos: 0)) == nil)
    #expect(FrameTracing.off.begin(.record, in: trace) == nil)
    #expect(!FrameTracing.off.isOn)
  }

  @Test func framesThatWereNotChosenHaveNoSteps() {
    let tracing = FrameTracing(tracer: NoOpTracer(), sampler: TraceSampler(ratio: 0))
    #expect(tracing.isOn)
    #expect(tracing.beginFrame(at: HostTime(nanos: 0)) == nil)
    #expect(tracing.begin(.decode, in: nil) == nil)
    #expect(tracing.begin(.decode, in: TraceContext(traceHigh: 1, traceLow: 2, span: 3, isSampled: false)) == nil)
  }
}
