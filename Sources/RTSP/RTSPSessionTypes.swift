public import MediaModel

/// How a server's sessions behave.
public struct RTSPSessionConfiguration: Sendable {
  /// Silence after which a session ends; announced to clients.
  public var timeout = Nanoseconds.seconds(60)
  /// Whether tracks may be set up over UDP.
  public var allowsUDP = true
  public var limits = RTSPLimits()
  public var authenticator: RTSPAuthenticator

  public init(authenticator: RTSPAuthenticator) { self.authenticator = authenticator }
}

/// How the packets of a track travel, once set up.
public enum RTSPTrackTransport: Hashable, Sendable {
  case interleaved(channels: TransportHeader.Pair)
  case udp(clientPorts: TransportHeader.Pair, serverPorts: TransportHeader.Pair)
}

/// What a DESCRIBE found.
public enum RTSPDescribeResult: Hashable, Sendable {
  case found(H264MediaFormat)
  /// Nobody publishes the stream.
  case notFound
  /// Somebody publishes, but no parameter sets have come yet.
  case notReady
}

/// What a client announced that it will send.
public struct RTSPAnnouncement: Hashable, Sendable {
  /// The first H.264 medium and its place among the media. Others are accepted and not used.
  public var format: H264MediaFormat
  public var videoTrack: Int
  /// Control attributes of the media, in order.
  public var controls: [String?]
}

/// What a session does besides answering. Slots are independent; the owner acts on them in the order given here.
public struct RTSPEffects: Hashable, Sendable {
  /// Datagram sockets to be opened for a track.
  public struct PortRequest: Hashable, Sendable {
    public var track: Int
    public var clientPorts: TransportHeader.Pair

    public init(track: Int, clientPorts: TransportHeader.Pair) {
      self.track = track
      self.clientPorts = clientPorts
    }
  }

  /// A stream to be sent to the client.
  public struct PlayOrder: Hashable, Sendable {
    public var stream: StreamName
    public var transport: RTSPTrackTransport
    public var ssrc: UInt32

    public init(stream: StreamName, transport: RTSPTrackTransport, ssrc: UInt32) {
      self.stream = stream
      self.transport = transport
      self.ssrc = ssrc
    }
  }

  /// A stream that the client sends.
  public struct RecordOrder: Hashable, Sendable {
    public var stream: StreamName
    public var format: H264MediaFormat
    /// Where the video comes in.
    public var transport: RTSPTrackTransport
  }

  /// To be written at once.
  public var reply: RTSPResponse?
  /// Look the stream up and call ``RTSPSession/described(_:at:)``.
  public var describe: StreamName?
  /// Open sockets and call ``RTSPSession/portsOpened(_:at:)``.
  public var openPorts: PortRequest?
  /// Prepare sending, call ``RTSPSession/playStarted(firstSequence:firstTimestamp:at:)``, and then send.
  public var startPlaying: PlayOrder?
  /// Claim the stream and call ``RTSPSession/recordStarted(at:)`` or ``RTSPSession/recordRefused(_:at:)``.
  public var startRecording: RecordOrder?
  /// Stop sending or taking media; transports stay.
  public var pauseMedia = false
  /// Stop media and give transports back.
  public var releaseMedia = false
  /// End the connection behind the reply.
  public var close: RTSPCloseReason?

  public init() {}
}

/// Why a connection ends.
public enum RTSPCloseReason: Hashable, Sendable {
  /// No request, and no packet that would keep the session alive, for the timeout.
  case timedOut
  /// Wrong credentials too often.
  case tooManyRefusals
  /// Bytes that are no RTSP.
  case protocolError(RTSPError)
}
