public import MediaModel

/// Bounds on what a remote sender can make us hold. One struct for the target; every default says why.
public struct RTPLimits: Hashable, Sendable {
  /// Bytes of one access unit in Annex B. 10 MB is the message limit of the WebSocket publishers.
  public var accessUnitBytes = 10_000_000
  /// NAL units in one access unit. Level 5.2 allows 8,160 macroblock rows × slices; real encoders stay under 64.
  public var nalUnitsPerAccessUnit = 1_024
  /// Packets held while an earlier one is missing (UDP only). 256 packets are 1/2 s of 5 Mb/s video.
  public var reorderPackets = 256
  /// For how long a missing packet is waited for (UDP only). Wi-Fi retries end within some 20 ms.
  public var reorderPatience = Nanoseconds.milliseconds(60)
  /// Packets in one RTCP compound packet.
  public var rtcpPacketsPerCompound = 32

  /// The defaults.
  public init() {}
}
