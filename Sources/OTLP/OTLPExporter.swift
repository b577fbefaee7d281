public import Clocks
import Foundation
public import Logging
public import MediaModel
import NIOCore
import Observability
public import ServiceLifecycle

/// Sends finished spans to a collector, in batches. Nothing that a collector does slows down what is traced.
///
/// Source: OpenTelemetry protocol 1.x, OTLP/HTTP: 429, 502, 503, 504 and failed connections are tried again with
/// growing pauses; everything else is not.
public final class OTLPExporter: Service {
  /// How to send.
  public struct Configuration: Sendable {
    /// Between two looks at what waits.
    public var interval = Nanoseconds.seconds(1)
    /// Spans of one request.
    public var batch = 512
    /// Requests that one batch is worth.
    public var tries = 5
    public var backOff = BackOff(first: .seconds(1), longest: .seconds(30))
    /// At the end, what waits is sent for so long.
    public var finalTime = Nanoseconds.seconds(3)
    /// Waits for so long; tests replace it.
    public var pause: @Sendable (Nanoseconds) async throws -> Void = {
      try await Task.sleep(nanoseconds: UInt64(max(0, $0.value)))
    }

    public init() {}
  }

  private enum Outcome {
    case exported(rejected: Int)
    case failed(reason: String)
    /// The task was cancelled before it was known.
    case interrupted
  }

  private let buffer: SpanBuffer
  private let resource: OTLPResource
  private let transport: any OTLPTransport
  private let configuration: Configuration
  private let clocks: SystemClocks
  private let logger: RateLimitedLogger

  public init(
    buffer: SpanBuffer, resource: OTLPResource, transport: any OTLPTransport,
    configuration: Configuration = Configuration(), clocks: SystemClocks = .system, logger: Logger
  ) {
    self.buffer = buffer
    self.resource = resource
    self.transport = transport
    self.configuration = configuration
    self.clocks = clocks
    self.logger = RateLimitedLogger(logger, burst: 1, interval: .seconds(60))
  }

  /// Sends until the task is cancelled or the service group shuts down; then what waits, for a bounded time.
  public func run() async throws {
    while !Task.isCancelled {
      // Cancelled: that is the end.
      do { try await pause(configuration.interval) } catch { break }
      await exportWaiting()
    }
    await withTaskGroup(of: Void.self) { tasks in
      tasks.addTask { await self.exportWaiting() }
      tasks.addTask { [configuration] in try? await configuration.pause(configuration.finalTime) }
      await tasks.next()
      tasks.cancelAll()
    }
    buffer.record(.dropped, buffer.take(.max).count)
    await transport.shutDown()
  }

  /// Sends everything that waits.
  package func exportWaiting() async {
    while !Task.isCancelled {
      let batch = buffer.take(configuration.batch)
      guard !batch.isEmpty else { return }
      switch await export(batch) {
      case .exported(let rejected):
        buffer.record(.exported, batch.count - rejected)
        buffer.record(.failed, rejected)
      case .failed(let reason):
        buffer.record(.failed, batch.count)
        logger.log(
          level: .warning, "spans could not be sent", at: clocks.host(),
          metadata: [.reason: "\(reason)", .count: "\(batch.count)"])
        // The next batch would fare no better now.
        return
      case .interrupted:
        buffer.putBack(batch)
        return
      }
    }
  }

  private func export(_ batch: [FinishedSpan]) async -> Outcome {
    guard let body = try? OTLPRequest(batch, from: resource).encoded() else {
      return .failed(reason: "a span cannot be written as JSON")
    }
    var backOff = configuration.backOff
    for number in 1...max(1, configuration.tries) {
      let answer = await transport.post(body)
      let asked: Nanoseconds?
      switch answer {
      case .status(200..<300, _, let body): return .exported(rejected: min(batch.count, Self.rejected(in: body)))
      case .status(let status, let wait, _):
        guard [429, 502, 503, 504].contains(status) else { return .failed(reason: "status \(status)") }
        asked = wait
      case .failed: asked = nil
      }
      if Task.isCancelled { return .interrupted }
      guard number < configuration.tries else { return .failed(reason: Self.reason(of: answer)) }
      // A collector that asks for more than the longest pause gets the next batch.
      let wait = min(max(backOff.failed(), asked ?? .zero), configuration.backOff.longest)
      do { try await pause(wait) } catch { return .interrupted }
    }
    return .failed(reason: "no try was allowed")
  }

  /// Waits, but not beyond the end of the service. Requests on their way are not broken off by it: the collector would
  /// get their spans twice.
  private func pause(_ duration: Nanoseconds) async throws {
    try await cancelWhenGracefulShutdown {
      try await self.configuration.pause(duration)
      try Task.checkCancellation()
    }
  }

  private static func reason(of answer: CollectorAnswer) -> String {
    switch answer {
    case .status(let status, _, _): "status \(status)"
    case .failed(let reason): reason
    }
  }

  /// How many spans the collector left out, by `partialSuccess` in its answer.
  private static func rejected(in body: ByteBuffer) -> Int {
    struct Answer: Decodable {
      struct PartialSuccess: Decodable {
        var rejectedSpans: Count?
      }

      var partialSuccess: PartialSuccess?
    }
    return (try? JSONDecoder().decode(Answer.self, from: Data(body.readableBytesView)))?.partialSuccess?.rejectedSpans?
      .value ?? 0
  }

  /// A number of 64 bits, which the JSON of Protobuf writes as text and reads as both.
  private struct Count: Decodable {
    var value: Int

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let number = try? container.decode(Int.self) {
        value = number
      } else {
        value = Int(try container.decode(String.self)) ?? 0
      }
    }
  }
}
