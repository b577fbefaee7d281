public import MediaModel

/// What a reader gets when it is slower than the stream. In every case it gets a decodable sequence.
public enum ReaderPolicy: String, Sendable, CaseIterable {
  /// Everything, until the queue is full; then whole pictures are left out up to a key frame.
  case decodable
  /// As little delay as possible: a short queue, and a key frame throws away whatever still waits.
  case latest
  /// Everything, or an end with a reason when the queue is full.
  case lossless
  /// Key frames only, the newest one.
  case keyframes
}

/// How a reader takes the stream; a closed set, for labels.
public enum ReaderTransport: String, Sendable, CaseIterable {
  case websocket
  case rtsp
  case recorder
  case push
  case consumer
  case bus
}

/// How much may wait for one reader. The group of pictures that a late reader starts with comes on top.
public struct ReaderLimits: Hashable, Sendable {
  /// Access units that may wait.
  public var units: Int
  /// Bytes that may wait.
  public var bytes: Int

  public init(units: Int, bytes: Int) {
    self.units = units
    self.bytes = bytes
  }

  /// 256 units are 8.5 s at 30 frames a second: longer than a Wi-Fi roam, shorter than a viewer's patience.
  public static let live = ReaderLimits(units: 256, bytes: 8 << 20)
  /// For `latest`: three pictures on the way are a tenth of a second.
  public static let short = ReaderLimits(units: 3, bytes: 8 << 20)
  /// For `lossless` and for recording: 2,048 units are 68 s at 30 frames a second.
  public static let deep = ReaderLimits(units: 2_048, bytes: 64 << 20)
}

/// What a reader asks for.
public struct ReaderOptions: Hashable, Sendable {
  public var policy: ReaderPolicy
  /// Pictures that waited longer than this are left out, up to a key frame. `nil`: no deadline.
  public var deadline: Nanoseconds?
  public var limits: ReaderLimits
  public var transport: ReaderTransport
  /// For `decodable`: whether what waits stays when the queue has overflowed, as suits somebody who wants as much as
  /// possible, such as a recorder. Otherwise the next key frame replaces it, as suits somebody who watches.
  public var keepsBacklog: Bool
  /// Whether units of publishers that are connected to other servers are left out, uncounted.
  public var takesLocalOnly: Bool
  /// Who it is, `host:port`, where that is known.
  public var peer: String?
  /// Whether it only has a look, such as at the parameter sets, and is no consumer of the video.
  public var isProbe = false

  /// - Parameter limits: `nil` takes the limits that suit `policy`.
  public init(
    policy: ReaderPolicy = .decodable, deadline: Nanoseconds? = nil, limits: ReaderLimits? = nil,
    transport: ReaderTransport, keepsBacklog: Bool = false, takesLocalOnly: Bool = false
  ) {
    self.takesLocalOnly = takesLocalOnly
    self.policy = policy
    self.keepsBacklog = keepsBacklog
    self.deadline = deadline
    self.transport = transport
    self.limits =
      limits
      ?? {
        switch policy {
        case .decodable: .live
        case .latest, .keyframes: .short
        case .lossless: .deep
        }
      }()
  }
}
