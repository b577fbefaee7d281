import Foundation
import Logging
import MediaModel
import NIOCore
import OTLP
import Observability
import ServiceLifecycle
import Synchronization
import Testing
import Tracing

/// Answers as a script says, then with 200, and keeps what was posted.
private final class ScriptedCollector: OTLPTransport {
  private struct State {
    var bodies: [ByteBuffer] = []
    var answers: [CollectorAnswer]
    var isShutDown = false
  }

  private let state: Mutex<State>

  init(_ answers: [CollectorAnswer] = []) { state = Mutex(State(answers: answers)) }

  var bodies: [ByteBuffer] { state.withLock { $0.bodies } }
  var isShutDown: Bool { state.withLock { $0.isShutDown } }

  func post(_ body: ByteBuffer) async -> CollectorAnswer {
    state.withLock { state in
      state.bodies.append(body)
      return state.answers.isEmpty ? .status(200, retryAfter: nil) : state.answers.removeFirst()
    }
  }

  func shutDown() async { state.withLock { $0.isShutDown = true } }
}

@Suite(.timeLimit(.minutes(1))) struct OTLPExporterTests {
  private let buffer = SpanBuffer()
  private let pauses = Pauses()
  private let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

  private final class Pauses: Sendable {
    private let list = Mutex<[Double]>([])
    var all: [Double] { list.withLock { $0 } }
    func add(_ pause: Nanoseconds) { list.withLock { $0.append(pause.seconds) } }
  }

  private func exporter(_ collector: ScriptedCollector, batch: Int = 512) -> OTLPExporter {
    var configuration = OTLPExporter.Configuration()
    configuration.batch = batch
    configuration.pause = { [pauses] in pauses.add($0) }
    return OTLPExporter(
      buffer: buffer, resource: OTLPResource(instance: "node", version: "1.2.3"), transport: collector,
      configuration: configuration, logger: logger)
  }

  private func addSpans(_ count: Int) {
    let tracer = OTLPTracer(buffer: buffer, sampler: TraceSampler(ratio: 1))
    for index in 0..<count { tracer.startSpan("span \(index)", context: .topLevel).end() }
  }

  private func names(_ body: ByteBuffer) throws -> [String] {
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(body.readableBytesView)) as? [String: Any])
    let resource = try #require((json["resourceSpans"] as? [[String: Any]])?.first)
    let scope = try #require((resource["scopeSpans"] as? [[String: Any]])?.first)
    return try #require(scope["spans"] as? [[String: Any]]).compactMap { $0["name"] as? String }
  }

  @Test func spansGoOutInBatches() async throws {
    let collector = ScriptedCollector()
    addSpans(5)
    await exporter(collector, batch: 2).exportWaiting()
    #expect(try collector.bodies.map(names) == [["span 0", "span 1"], ["span 2", "span 3"], ["span 4"]])
    #expect(buffer.count == 0)
  }

  @Test func aBodyIsExactlyWhatTheProtocolSays() async throws {
    let collector = ScriptedCollector()
    let tracer = OTLPTracer(buffer: buffer, sampler: TraceSampler(ratio: 0))
    var context = ServiceContext.topLevel
    context.traceContext = TraceContext(header: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    let span = tracer.startSpan(
      "a/b", context: context, ofKind: .producer, at: TraceInstant(WallTime(nanosSince1970: 1_700_000_000_000_000_001)))
    span.attributes["text"] = "x"
    span.attributes["number"] = Int64.max
    span.attributes["real"] = Double.infinity
    span.attributes["flag"] = true
    span.attributes["list"] = ["a", "b"]
    span.setStatus(SpanStatus(code: .error, message: "bad"))
    span.addEvent(SpanEvent(name: "e", at: TraceInstant(WallTime(nanosSince1970: 1_700_000_000_000_000_002))))
    span.end(at: TraceInstant(WallTime(nanosSince1970: 1_700_000_000_000_000_003)))
    let id = try #require(span.context.traceContext).spanID
    await exporter(collector).exportWaiting()
    let body = try #require(collector.bodies.first)
    let expected = """
      {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"worldsystem"}},\
      {"key":"service.instance.id","value":{"stringValue":"node"}},\
      {"key":"service.version","value":{"stringValue":"1.2.3"}}]},"scopeSpans":[{"scope":{"name":"worldsystem",\
      "version":"1.2.3"},"spans":[{"attributes":[{"key":"flag","value":{"boolValue":true}},\
      {"key":"list","value":{"arrayValue":{"values":[{"stringValue":"a"},{"stringValue":"b"}]}}},\
      {"key":"number","value":{"intValue":"9223372036854775807"}},{"key":"real","value":{"doubleValue":"Infinity"}},\
      {"key":"text","value":{"stringValue":"x"}}],"endTimeUnixNano":"1700000000000000003",\
      "events":[{"attributes":[],"name":"e","timeUnixNano":"1700000000000000002"}],"flags":1,"kind":4,"links":[],\
      "name":"a/b","parentSpanId":"00f067aa0ba902b7","spanId":"\(id)","startTimeUnixNano":"1700000000000000001",\
      "status":{"code":2,"message":"bad"},"traceId":"4bf92f3577b34da6a3ce929d0e0e4736"}]}]}]}
      """
    #expect(String(buffer: body) == expected)
  }

  @Test(arguments: [429, 502, 503, 504])
  func passingFailuresAreTriedAgain(_ status: Int) async throws {
    let collector = ScriptedCollector([
      .status(status, retryAfter: nil), .failed("x"), .status(status, retryAfter: .seconds(7)),
    ])
    addSpans(1)
    await exporter(collector).exportWaiting()
    #expect(collector.bodies.count == 4 && Set(collector.bodies).count == 1)
    #expect(pauses.all == [1, 2, 7])
  }

  @Test(arguments: [301, 400, 401, 404, 500])
  func otherFailuresAreNot(_ status: Int) async throws {
    let collector = ScriptedCollector([.status(status, retryAfter: nil)])
    addSpans(3)
    let exporter = exporter(collector, batch: 2)
    await exporter.exportWaiting()
    #expect(collector.bodies.count == 1 && buffer.count == 1)
    await exporter.exportWaiting()
    #expect(collector.bodies.count == 2 && buffer.count == 0, "the next ones have their own chance")
  }

  @Test func aBatchIsGivenUpAfterSomeTries() async throws {
    let collector = ScriptedCollector(Array(repeating: .failed("nobody listens"), count: 9))
    addSpans(1)
    await exporter(collector).exportWaiting()
    #expect(collector.bodies.count == 5 && buffer.count == 0)
    #expect(pauses.all == [1, 2, 4, 8])
  }

  @Test func whatWaitsAtTheEndIsSent() async throws {
    let collector = ScriptedCollector()
    addSpans(3)
    var configuration = OTLPExporter.Configuration()
    configuration.interval = .seconds(3_600)
    let exporter = OTLPExporter(
      buffer: buffer, resource: OTLPResource(instance: "node", version: "1"), transport: collector,
      configuration: configuration, logger: logger)
    let group = ServiceGroup(services: [exporter], logger: logger)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
    }
    #expect(try collector.bodies.map(names) == [["span 0", "span 1", "span 2"]])
    #expect(collector.isShutDown)
  }
}
