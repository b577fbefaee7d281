import Foundation
import MediaModel
import NIOCore
import Observability
import Tracing

/// Who sends spans.
public struct OTLPResource: Hashable, Sendable {
  /// `service.name`.
  public var service: String
  /// `service.instance.id`: this node.
  public var instance: String
  /// `service.version`.
  public var version: String

  public init(service: String = "worldsystem", instance: String, version: String) {
    self.service = service
    self.instance = instance
    self.version = version
  }
}

/// The body of a request to `/v1/traces`.
///
/// Source: OpenTelemetry protocol 1.x, `ExportTraceServiceRequest` in the JSON mapping of Protobuf with the exceptions of
/// OTLP: ids are hexadecimal and enumerations are numbers.
struct OTLPRequest: Encodable {
  struct ResourceSpans: Encodable {
    var resource: Resource
    var scopeSpans: [ScopeSpans]
  }

  struct Resource: Encodable {
    var attributes: [KeyValue]
  }

  struct ScopeSpans: Encodable {
    var scope: Scope
    var spans: [Span]
  }

  struct Scope: Encodable {
    var name: String
    var version: String
  }

  struct Span: Encodable {
    var traceId: String
    var spanId: String
    var parentSpanId: String?
    var flags: Int
    var name: String
    var kind: Int
    var startTimeUnixNano: String
    var endTimeUnixNano: String
    var attributes: [KeyValue]
    var events: [Event]
    var droppedEventsCount: Int?
    var links: [Link]
    var status: Status?
  }

  struct Event: Encodable {
    var timeUnixNano: String
    var name: String
    var attributes: [KeyValue]
  }

  struct Link: Encodable {
    var traceId: String
    var spanId: String
    var attributes: [KeyValue]
  }

  struct Status: Encodable {
    var message: String?
    var code: Int
  }

  struct KeyValue: Encodable {
    var key: String
    var value: Value
  }

  /// `AnyValue`. Integers of 64 bits are text in the JSON of Protobuf.
  enum Value: Encodable {
    case string(String)
    case integer(Int64)
    case real(Double)
    case boolean(Bool)
    case list([Value])

    private enum Key: String, CodingKey {
      case stringValue, intValue, doubleValue, boolValue, arrayValue, values
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      switch self {
      case .string(let value): try container.encode(value, forKey: .stringValue)
      case .integer(let value): try container.encode("\(value)", forKey: .intValue)
      case .real(let value): try container.encode(value, forKey: .doubleValue)
      case .boolean(let value): try container.encode(value, forKey: .boolValue)
      case .list(let values):
        var list = container.nestedContainer(keyedBy: Key.self, forKey: .arrayValue)
        try list.encode(values, forKey: .values)
      }
    }
  }

  var resourceSpans: [ResourceSpans]

  init(_ spans: [FinishedSpan], from resource: OTLPResource) {
    let scope = ScopeSpans(
      scope: Scope(name: resource.service, version: resource.version), spans: spans.map(Span.init))
    let attributes = [
      KeyValue(key: "service.name", value: .string(resource.service)),
      KeyValue(key: "service.instance.id", value: .string(resource.instance)),
      KeyValue(key: "service.version", value: .string(resource.version)),
    ]
    resourceSpans = [ResourceSpans(resource: Resource(attributes: attributes), scopeSpans: [scope])]
  }

  func encoded() throws -> ByteBuffer {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // As the JSON mapping of Protobuf writes them.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return ByteBuffer(bytes: try encoder.encode(self))
  }
}

extension OTLPRequest.Span {
  init(_ span: FinishedSpan) {
    let parent = span.context
    traceId = parent.traceID
    spanId = parent.spanID
    parentSpanId =
      span.parentSpan == 0
      ? nil
      : TraceContext(
        traceHigh: parent.traceHigh, traceLow: parent.traceLow, span: span.parentSpan, isSampled: true
      ).spanID
    flags = 1
    name = span.name
    // The numbers of `SpanKind` in trace.proto.
    kind =
      switch span.kind {
      case .internal: 1
      case .server: 2
      case .client: 3
      case .producer: 4
      case .consumer: 5
      }
    startTimeUnixNano = "\(span.start)"
    endTimeUnixNano = "\(span.end)"
    attributes = OTLPRequest.attributes(span.attributes)
    events = span.events.map {
      OTLPRequest.Event(
        timeUnixNano: "\($0.nanosecondsSinceEpoch)", name: $0.name, attributes: OTLPRequest.attributes($0.attributes))
    }
    droppedEventsCount = span.droppedEvents > 0 ? span.droppedEvents : nil
    links = span.links.compactMap { link in
      guard let trace = link.context.traceContext else { return nil }
      return OTLPRequest.Link(
        traceId: trace.traceID, spanId: trace.spanID, attributes: OTLPRequest.attributes(link.attributes))
    }
    // The numbers of `StatusCode`.
    status = span.status.map { status in
      switch status.code {
      case .ok: OTLPRequest.Status(message: nil, code: 1)
      case .error: OTLPRequest.Status(message: status.message, code: 2)
      }
    }
  }
}

extension OTLPRequest {
  /// In the order of their keys, so that the same span gives the same bytes.
  static func attributes(_ attributes: SpanAttributes) -> [KeyValue] {
    var pairs: [KeyValue] = []
    attributes.forEach { key, attribute in pairs.append(KeyValue(key: key, value: Value(attribute))) }
    return pairs.sorted { $0.key < $1.key }
  }
}

extension OTLPRequest.Value {
  init(_ attribute: SpanAttribute) {
    switch attribute {
    case .int32(let value): self = .integer(Int64(value))
    case .int64(let value): self = .integer(value)
    case .double(let value): self = .real(value)
    case .bool(let value): self = .boolean(value)
    case .string(let value): self = .string(value)
    case .stringConvertible(let value): self = .string("\(value)")
    case .int32Array(let values): self = .list(values.map { .integer(Int64($0)) })
    case .int64Array(let values): self = .list(values.map { .integer($0) })
    case .doubleArray(let values): self = .list(values.map { .real($0) })
    case .boolArray(let values): self = .list(values.map { .boolean($0) })
    case .stringArray(let values): self = .list(values.map { .string($0) })
    case .stringConvertibleArray(let values): self = .list(values.map { .string("\($0)") })
    // The enumeration asks for it: it may grow.
    default: self = .string("")
    }
  }
}
