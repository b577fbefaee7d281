import CodedMedia
import Logging
import MediaModel
import OTLP
import Observability
import Synchronization
import Testing
import Tracing
import VideoConsumer

@Suite struct TracedFramesTests {
  private let buffer = SpanBuffer()

  private func tracing() -> FrameTracing {
    let sampler = TraceSampler(ratio: 1)
    return FrameTracing(tracer: OTLPTracer(buffer: buffer, sampler: sampler), sampler: sampler)
  }

  /// Writes down the traces of frames.
  private final class TraceConsumer: VideoConsumer {
    struct Failure: Error {}

    let service = "slam"
    let demand: ConsumerDemand
    private let list = Mutex<[TraceContext?]>([])
    var traces: [TraceContext?] { list.withLock { $0 } }

    init(_ demand: ConsumerDemand) { self.demand = demand }

    func consume(_ frame: ConsumedFrame) async throws {
      list.withLock { $0.append(frame.trace) }
      if frame.unit.sequence == 3, frame.picture != nil { throw Failure() }
    }
  }

  private func run(_ units: [AccessUnit], _ consumers: [any VideoConsumer]) async throws {
    var options = ConsumerRunner.Options()
    options.tracing = tracing()
    let runner = ConsumerRunner(
      feed: ScriptedFeed(isLive: false, [.deliverThenEnd(units)]), consumers: consumers, options: options,
      logger: LogRecords().logger)
    try await runner.run()
  }

  private func traced(_ unit: AccessUnit, _ trace: TraceContext) -> AccessUnit {
    AccessUnit(
      picture: unit.picture, sequence: unit.sequence, capturedAt: unit.capturedAt, decodeAt: unit.decodeAt,
      receivedAt: unit.receivedAt, trace: trace)
  }

  @Test func aTracedFrameIsFollowedFromTheDecoderToTheService() async throws {
    var units = try codedUnits(4)
    let trace = TraceContext(traceHigh: 7, traceLow: 8, span: 9, isSampled: true)
    units[1] = traced(units[1], trace)
    let consumer = TraceConsumer(.pictures())
    let recorder = TraceConsumer(.codedUnits)
    try await run(units, [consumer, recorder])

    let spans = buffer.take(9)
    #expect(spans.map(\.name) == ["decode", "track"])
    let decode = try #require(spans.first), track = try #require(spans.last)
    #expect(decode.parentSpan == 9 && track.parentSpan == decode.context.span)
    #expect(spans.allSatisfy { $0.context.traceID == trace.traceID && $0.attributes.get("frame.seq") == .int64(2) })
    #expect(decode.end <= track.start)
    #expect(consumer.traces.map { $0?.span } == [nil, track.context.span, nil, nil], "others come below the last step")
    #expect(recorder.traces.map { $0?.span } == [nil, 9, nil, nil], "units come from the first step")
  }

  @Test func aServiceThatFailsSaysSo() async throws {
    var units = try codedUnits(4)
    units[2] = traced(units[2], TraceContext(traceHigh: 7, traceLow: 8, span: 9, isSampled: true))
    try await run(units, [TraceConsumer(.pictures())])
    let spans = buffer.take(9)
    #expect(spans.map(\.name) == ["decode", "track"])
    #expect(spans.last?.status?.code == .error && spans.first?.status == nil)
  }
}
