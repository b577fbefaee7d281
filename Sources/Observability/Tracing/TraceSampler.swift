/// Chooses a part of all traces by their ids, so that everybody who asks about the same trace decides the same.
///
/// Source: OpenTelemetry specification, trace SDK, `TraceIdRatioBased`: the last eight bytes of the id, as 63 bits,
/// against the ratio.
public struct TraceSampler: Hashable, Sendable {
  private let bound: UInt64

  /// - Parameter ratio: the part that is chosen, 0…1; values beyond are taken as the nearest of these.
  public init(ratio: Double) {
    bound = ratio >= 1 ? 1 << 63 : UInt64(max(0, ratio) * 0x1p63)
  }

  /// Whether the trace whose id ends in `traceLow` is kept.
  public func samples(_ traceLow: UInt64) -> Bool { traceLow >> 1 < bound }
}
