/// Where one frame stands in its trace: plain numbers, so that frames carry it without knowing who traces.
///
/// Source: W3C Trace Context, <https://www.w3.org/TR/trace-context/> §3.2.
public struct TraceContext: Hashable, Sendable {
  /// The first eight bytes of the trace id.
  public var traceHigh: UInt64
  /// The last eight bytes of the trace id; where parts of all traces are chosen, this is what decides.
  public var traceLow: UInt64
  /// The span that comes before whatever happens next; 0 when none has begun yet.
  public var span: UInt64
  /// Whether the trace is kept.
  public var isSampled: Bool

  public init(traceHigh: UInt64, traceLow: UInt64, span: UInt64, isSampled: Bool) {
    self.traceHigh = traceHigh
    self.traceLow = traceLow
    self.span = span
    self.isSampled = isSampled
  }

  /// The name of the header that carries it between processes.
  public static let headerName = "traceparent"

  /// The trace id as OpenTelemetry writes it: 32 lower-case hexadecimal digits.
  public var traceID: String { Self.hex(traceHigh) + Self.hex(traceLow) }

  /// The span id as OpenTelemetry writes it: 16 lower-case hexadecimal digits.
  public var spanID: String { Self.hex(span) }

  /// The value of the header `traceparent`: version, trace id, span id, flags.
  public var header: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }

  /// Reads the value of a header `traceparent`.
  /// - Returns: `nil` when it is malformed, or an id is zero, as §3.2.2 demands.
  public init?(header: some StringProtocol) {
    let parts = header.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count >= 4, let version = Self.number(parts[0], digits: 2), version != 0xff,
      version != 0 || parts.count == 4, parts[1].utf8.count == 32,
      let high = Self.number(parts[1].prefix(16), digits: 16), let low = Self.number(parts[1].suffix(16), digits: 16),
      let span = Self.number(parts[2], digits: 16), let flags = Self.number(parts[3], digits: 2),
      high != 0 || low != 0, span != 0
    else { return nil }
    self.init(traceHigh: high, traceLow: low, span: span, isSampled: flags & 1 == 1)
  }

  private static func hex(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }

  /// Lower-case hexadecimal digits only; the standard forbids others.
  private static func number(_ text: some StringProtocol, digits: Int) -> UInt64? {
    guard text.utf8.count == digits else { return nil }
    var value: UInt64 = 0
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(byte - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
      default: return nil
      }
    }
    return value
  }
}
