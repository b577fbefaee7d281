public import MediaModel
public import NIOCore

/// The sequence and picture parameter sets in force for a run of access units. Immutable and shared: two units
/// with the same object decode with the same sets.
public final class ParameterSets: Sendable {
  /// SPS NAL unit without start code, its one-byte header included.
  public let sps: ByteBuffer
  /// PPS NAL units without start codes, in the order in which they came; at least one.
  public let pps: [ByteBuffer]
  /// `00 00 00 01 SPS 00 00 00 01 PPS…`, ready to be sent in front of a key frame.
  public let annexB: ByteBuffer
  /// Size of the decoded picture after cropping.
  public let resolution: Resolution
  /// RFC 6381 codec string, such as `avc1.42c01f`.
  public let codecString: String
  /// By how many pictures decoding may run ahead of output (0: no B-frames).
  public let reorderDepth: Int

  public init(sps: ByteBuffer, pps: [ByteBuffer], resolution: Resolution, codecString: String, reorderDepth: Int) {
    self.sps = sps
    self.pps = pps
    self.resolution = resolution
    self.codecString = codecString
    self.reorderDepth = reorderDepth
    var joined = ByteBuffer()
    for unit in [sps] + pps {
      joined.writeInteger(UInt32(1))
      joined.writeImmutableBuffer(unit)
    }
    annexB = joined
  }

  /// Whether the bytes of both are equal.
  public func hasSameContent(as other: ParameterSets) -> Bool { sps == other.sps && pps == other.pps }
}
