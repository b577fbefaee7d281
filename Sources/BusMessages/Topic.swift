/// What a message on the bus is about. On RabbitMQ each topic is a durable fanout exchange.
public enum Topic: String, Hashable, Sendable, CaseIterable {
  /// Objects found in a frame: ``ProcessedFrame``.
  case processedFrames = "processed_frames_exchange"
  /// What an object was identified as: ``IdentificationResult``.
  case identificationResults = "api_results_exchange"
  /// The camera's pose for a frame: ``CameraPose``.
  case slamResults = "slam_results_exchange"
  /// The same pose, for viewers: ``CameraPose``.
  case trajectory = "trajectory_data_exchange"
  /// A phone's `imu_data` message, as received.
  case imuData = "imu_data_exchange"
  /// A JPEG of a phone.
  case videoFrames = "video_frames_exchange"
  /// An access unit of H.264, Annex B.
  case videoStream = "video_stream_exchange"
  /// A phone's choice of analysis, as received.
  case analysisMode = "analysis_mode_exchange"
  /// Services start anew: ``RestartRequest``.
  case restart = "restart_exchange"
  /// A point cloud, binary little-endian PLY.
  case pointClouds = "ply_fanout_exchange"
  /// Streams, consumers, recordings and sessions come and go: ``LifecycleEvent``.
  case events = "events_exchange"
  /// What a phone sent and nobody here knows, as received.
  case phoneMessages = "phone_messages_exchange"
  /// A viewer's command on its way to phones that are connected to other nodes, as received.
  case controlCommands = "control_commands_exchange"
  /// Which streams a server has for others: ``StreamAnnouncement``.
  case streamAnnouncements = "stream_announcements_exchange"
  /// Where objects are in the world: ``WorldObjects``.
  case worldObjects = "world_objects_exchange"

  /// The exchange's name unless it is overridden.
  public var exchangeName: String { rawValue }

  /// The environment variable that overrides the exchange's name.
  public var environmentVariable: String { rawValue.uppercased() }

  /// What goes first when not everything can be kept.
  public var precedence: Precedence {
    switch self {
    // An announcement that comes late is worth nothing.
    case .videoStream, .videoFrames, .pointClouds, .streamAnnouncements: .bulk
    default: .essential
    }
  }

  /// How much a message matters when space runs out.
  public enum Precedence: Int, Hashable, Sendable, CaseIterable {
    /// Video and the like: large, and the oldest is worth least.
    case bulk
    /// Telemetry, results and events: small, and kept as long as possible.
    case essential
  }
}

/// The exchange of each topic.
public struct ExchangeNames: Hashable, Sendable {
  private var overrides: [Topic: String]

  /// - Parameter overrides: names other than the usual ones.
  public init(overrides: [Topic: String] = [:]) { self.overrides = overrides }

  /// Takes overrides from variables such as `IMU_DATA_EXCHANGE`; empty ones count as not set.
  public init(environment: [String: String]) {
    overrides = [:]
    for topic in Topic.allCases {
      guard let name = environment[topic.environmentVariable], !name.isEmpty else { continue }
      overrides[topic] = name
    }
  }

  public subscript(topic: Topic) -> String { overrides[topic] ?? topic.exchangeName }
}
