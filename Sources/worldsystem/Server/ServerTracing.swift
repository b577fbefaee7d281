import Clocks
import Logging
import NIOCore
import OTLP
import Observability
import ServiceLifecycle
import Settings
import Tracing

/// Traces of frames, as far as the settings ask for them.
struct ServerTracing: Sendable {
  /// For whoever handles frames.
  let frames: FrameTracing
  private let exporter: OTLPExporter?

  /// Makes the tracer that of the process. To be called once.
  /// - Parameter node: the name of this process.
  init(_ settings: Settings, node: String, clocks: SystemClocks = .system, group: any EventLoopGroup) {
    guard let endpoint = settings.tracing.endpoint else {
      frames = .off
      exporter = nil
      return
    }
    let buffer = SpanBuffer()
    let sampler = TraceSampler(ratio: settings.tracing.sampleRatio)
    let tracer = OTLPTracer(buffer: buffer, sampler: sampler)
    InstrumentationSystem.bootstrap(tracer)
    frames = FrameTracing(tracer: tracer, sampler: sampler, clocks: clocks)
    let logger = Logger(label: "tracing")
    exporter = OTLPExporter(
      buffer: buffer, resource: OTLPResource(instance: node, version: Version.current),
      transport: HTTPCollector(endpoint: endpoint, agent: "worldsystem/\(Version.current)", group: group),
      logger: logger)
    logger.info(
      "frames are traced",
      metadata: [.url: "\(RedactedURL(endpoint))", .limit: "\(settings.tracing.sampleRatio)"])
  }

  /// What is to be run; before those who trace, so that it ends after them.
  var services: [any Service] { exporter.map { [$0] } ?? [] }
}
