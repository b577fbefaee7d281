public import Clocks
public import MediaModel
public import Tracing

/// A step in the life of a frame; the name of its span.
public enum FrameStep: String, Hashable, Sendable, CaseIterable {
  /// From the first byte of a frame to its hand-over to all readers.
  case ingest
  /// From handing an access unit to the decoder to its picture.
  case decode
  /// What a service such as detection or SLAM makes of a picture.
  case track
  /// Writing it to the recording.
  case record
  /// From publishing a message to the broker's confirmation.
  case publish
}

/// Traces some of all frames, or, when it is off, none at the price of one comparison.
///
/// A frame is chosen once, where it enters: ``beginFrame(at:)``. From then on its `TraceContext` travels with it, and
/// each step is a child of the step before: ``begin(_:in:at:)`` gives nothing for frames that were not chosen.
public struct FrameTracing: Sendable {
  private final class Tools: Sendable {
    let tracer: any Tracer
    let sampler: TraceSampler
    let ids: TraceIDs
    let clocks: SystemClocks

    init(tracer: any Tracer, sampler: TraceSampler, ids: TraceIDs, clocks: SystemClocks) {
      self.tracer = tracer
      self.sampler = sampler
      self.ids = ids
      self.clocks = clocks
    }
  }

  private let tools: Tools?

  /// Traces nothing.
  public static let off = FrameTracing()

  private init() { tools = nil }

  /// - Parameters:
  ///   - tracer: has to understand `ServiceContext.traceContext`.
  ///   - sampler: chooses frames.
  public init(
    tracer: any Tracer, sampler: TraceSampler, ids: TraceIDs = TraceIDs(), clocks: SystemClocks = .system
  ) {
    tools = Tools(tracer: tracer, sampler: sampler, ids: ids, clocks: clocks)
  }

  /// Whether any frame may be traced.
  public var isOn: Bool { tools != nil }

  /// Decides about a frame that enters here, and begins its span `ingest` if it is chosen.
  /// - Parameter time: when the first byte of it came in.
  /// - Complexity: for a frame that is not chosen, an atomic addition and some arithmetic; no allocation.
  @inline(__always)
  public func beginFrame(at time: @autoclosure () -> HostTime) -> FrameSpan? {
    guard let tools else { return nil }
    let (high, low) = tools.ids.nextTrace()
    guard tools.sampler.samples(low) else { return nil }
    let context = TraceContext(traceHigh: high, traceLow: low, span: 0, isSampled: true)
    return span(.ingest, context, at: time(), tools)
  }

  /// Begins a step of a frame's life.
  /// - Parameters:
  ///   - parent: the frame's trace; `nil` for a frame that is not traced.
  ///   - time: when the step began; `nil`: now.
  /// - Returns: `nil` for a frame that is not traced. Otherwise a span that somebody has to end.
  @inline(__always)
  public func begin(_ step: FrameStep, in parent: TraceContext?, at time: HostTime? = nil) -> FrameSpan? {
    guard let tools, let parent, parent.isSampled else { return nil }
    return span(step, parent, at: time ?? tools.clocks.host(), tools)
  }

  @inline(never)
  private func span(_ step: FrameStep, _ parent: TraceContext, at time: HostTime, _ tools: Tools) -> FrameSpan {
    var context = ServiceContext.topLevel
    context.traceContext = parent
    let start = tools.clocks.wall().advanced(by: time.since(tools.clocks.host()))
    let kind: SpanKind =
      switch step {
      case .ingest: .server
      case .publish: .producer
      case .decode, .track, .record: .internal
      }
    let span = tools.tracer.startSpan(step.rawValue, context: context, ofKind: kind, at: TraceInstant(start))
    return FrameSpan(
      span: span, context: span.context.traceContext ?? parent, startedAt: time, start: start, host: tools.clocks.host)
  }
}

/// A step of a traced frame's life that goes on.
public struct FrameSpan: Sendable {
  private let span: any Span
  /// What the steps that follow have as their parent.
  public let context: TraceContext
  private let startedAt: HostTime
  private let start: WallTime
  private let host: @Sendable () -> HostTime

  init(
    span: any Span, context: TraceContext, startedAt: HostTime, start: WallTime,
    host: @escaping @Sendable () -> HostTime
  ) {
    self.span = span
    self.context = context
    self.startedAt = startedAt
    self.start = start
    self.host = host
  }

  /// Says which frame it is.
  public func describe(sequence: UInt64, isKeyFrame: Bool, bytes: Int) {
    span.updateAttributes { attributes in
      attributes[LogKey.frame.rawValue] = SpanAttribute.int64(Int64(clamping: sequence))
      attributes["frame.key"] = SpanAttribute.bool(isKeyFrame)
      attributes["frame.bytes"] = SpanAttribute.int64(Int64(bytes))
    }
  }

  /// Adds what else is to be known.
  public func set(_ key: LogKey, _ value: String) {
    span.updateAttributes { $0[key.rawValue] = SpanAttribute.string(value) }
  }

  /// The step failed; it still has to be ended.
  public func failed(_ error: any Error) {
    span.recordError(error, attributes: [:], at: instant(at: host()))
    span.setStatus(SpanStatus(code: .error, message: "\(error)"))
  }

  /// The step is over.
  /// - Parameter time: when it was over; `nil`: now.
  public func end(at time: HostTime? = nil) { span.end(at: instant(at: time ?? host())) }

  /// The length of a span is measured on the monotonic clock, so that correcting the wall clock does not change it.
  private func instant(at time: HostTime) -> TraceInstant { TraceInstant(start.advanced(by: time.since(startedAt))) }
}

/// A wall time as tracers take it.
public struct TraceInstant: TracerInstant {
  public let nanosecondsSinceEpoch: UInt64

  public init(_ time: WallTime) { nanosecondsSinceEpoch = UInt64(max(0, time.nanosSince1970)) }

  public static func < (left: TraceInstant, right: TraceInstant) -> Bool {
    left.nanosecondsSinceEpoch < right.nanosecondsSinceEpoch
  }
}

private enum TraceContextKey: ServiceContextKey {
  typealias Value = TraceContext
  static var nameOverride: String? { TraceContext.headerName }
}

extension ServiceContext {
  /// The trace that something belongs to.
  public var traceContext: TraceContext? {
    get { self[TraceContextKey.self] }
    set { self[TraceContextKey.self] = newValue }
  }
}
