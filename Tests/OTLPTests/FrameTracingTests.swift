import Clocks
import MediaModel
import OTLP
import Observability
import Synchronization
import Testing
import Tracing

@Suite struct FrameTracingTests {
  private final class Clock: Sendable {
    private let state = Mutex<(host: Int64, wall: Int64)>((0, 1_700_000_000_000_000_000))
    var now: HostTime { HostTime(nanos: state.withLock { $0.host }) }

    /// Time passes, and meanwhile the wall clock is corrected.
    func advance(_ duration: Nanoseconds, correction: Nanoseconds = .zero) {
      state.withLock {
        $0.host += duration.value
        $0.wall += duration.value + correction.value
      }
    }

    var clocks: SystemClocks {
      SystemClocks(
        host: { self.now }, wall: { WallTime(nanosSince1970: self.state.withLock { $0.wall }) })
    }
  }

  private let buffer = SpanBuffer()
  private let clock = Clock()

  private func tracing(_ ratio: Double) -> FrameTracing {
    let sampler = TraceSampler(ratio: ratio)
    return FrameTracing(
      tracer: OTLPTracer(buffer: buffer, sampler: sampler), sampler: sampler, clocks: clock.clocks)
  }

  @Test func aFrameIsOneTraceFromStepToStep() throws {
    let tracing = tracing(1)
    let began = clock.now
    clock.advance(.milliseconds(7))
    let ingest = try #require(tracing.beginFrame(at: began))
    clock.advance(.milliseconds(3), correction: .milliseconds(-2))
    ingest.set(.stream, "drone")
    ingest.describe(sequence: 5, isKeyFrame: true, bytes: 1_234)
    ingest.end()
    let decode = try #require(tracing.begin(.decode, in: ingest.context))
    let track = try #require(tracing.begin(.track, in: decode.context))
    clock.advance(.milliseconds(20))
    track.end()
    decode.end()

    let spans = Dictionary(uniqueKeysWithValues: buffer.take(9).map { ($0.name, $0) })
    let (first, second, third) = (
      try #require(spans["ingest"]), try #require(spans["decode"]), try #require(spans["track"])
    )
    #expect(first.parentSpan == 0 && second.parentSpan == first.context.span && third.parentSpan == second.context.span)
    #expect(Set(spans.values.map(\.context.traceID)).count == 1)
    #expect(first.start == 1_700_000_000_000_000_000)
    #expect(first.end - first.start == 10_000_000, "a correction of the wall clock changes no length")
    #expect(second.end - second.start == 20_000_000)
    #expect(first.kind == .server && second.kind == .internal)
    #expect(first.attributes.get("stream.id") == .string("drone"))
    #expect(first.attributes.get("frame.seq") == .int64(5) && first.attributes.get("frame.key") == .bool(true))
    #expect(first.attributes.get("frame.bytes") == .int64(1_234))
  }

  @Test func theChosenPartIsTraced() {
    let tracing = tracing(0.1)
    let chosen = (0..<5_000).count { _ in tracing.beginFrame(at: clock.now) != nil }
    #expect((400...600).contains(chosen))
    #expect(buffer.count == 0, "spans that nobody ends are not told")
  }

  @Test func aFailedStepSaysSo() throws {
    struct Broken: Error {}
    let span = try #require(tracing(1).beginFrame(at: clock.now))
    span.failed(Broken())
    span.end()
    let finished = try #require(buffer.take(1).first)
    #expect(finished.status?.code == .error && finished.events.first?.name == "exception")
  }
}
