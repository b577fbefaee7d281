public import Access
public import MediaModel
public import RTP
public import RTSP

/// How the RTSP server listens and what it allows.
public struct RTSPServerConfiguration: Sendable {
  /// Address to listen on.
  public var host = "127.0.0.1"
  /// TCP port; 0 lets the system choose.
  public var port = 8_554
  /// Who may view and publish.
  public var credentials = RTSPCredentials.open
  /// Shown to users by players that ask for a password.
  public var realm = "WorldSystem"
  /// Silence after which a session ends.
  public var sessionTimeout = Nanoseconds.seconds(60)
  /// How long a DESCRIBE waits for a stream that is not there yet. Players give up after 5 to 10 s.
  public var describeWait = Nanoseconds.seconds(4)
  /// Time between sender reports, and between receiver reports.
  public var reportInterval = Nanoseconds.seconds(5)
  /// A player whose connection takes no byte for this long is gone.
  public var stallTimeout = Nanoseconds.seconds(30)
  /// Access units that may wait for one player before some are left out.
  public var queueUnits = 100
  /// UDP ports for sessions, two each; `nil`: TCP only. Below the range from which Linux gives ports to programs
  /// that ask for any (32,768 and up).
  public var datagramPorts: ClosedRange<Int>? = 30_000...30_399
  /// Connections in all and from one address.
  public var connections = ConnectionLimits(total: 512, perAddress: 64)
  /// Largest RTP packet in a datagram. 1,400 bytes with UDP and IP headers pass VPNs and PPPoE unfragmented.
  public var datagramPacketBytes = 1_400
  /// Largest RTP packet in the RTSP connection. FFmpeg, live555 and GStreamer take 8 kB; six times fewer packets.
  public var interleavedPacketBytes = 8_000
  public var limits = RTSPLimits()
  public var rtpLimits = RTPLimits()

  /// The defaults: this machine only, open to everybody on it.
  public init() {}
}

extension RTSPCredentials {
  /// The passwords that a policy accepts: its tokens. User names are arbitrary.
  public init(_ policy: AccessPolicy) {
    self.init(
      view: policy.tokens?.tokens(sufficientFor: .view).map(\.secret),
      publish: policy.tokens?.tokens(sufficientFor: .publish).map(\.secret))
  }
}
