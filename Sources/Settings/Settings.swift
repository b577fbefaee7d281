import MediaModel

/// The configuration of one process, typed and checked.
public struct Settings: Sendable, Equatable {
  public var server: Server
  public var access: Access
  public var tls: TLS
  public var relay: Relay
  public var rtsp: RTSP
  public var recording: Recording
  public var slam: SLAM
  public var objects: Objects
  public var detection: Detection
  public var identification: Identification
  public var rerun: Rerun
  public var cot: CoT
  public var bus: Bus
  public var telemetry: Telemetry
  public var clock: Clock
  public var webhooks: Webhooks
  public var tracing: Tracing
  public var simulator: Simulator
  public var log: Log

  /// Everything at its default.
  public static var defaults: Settings {
    do {
      return try Settings(SettingsResolver(flags: [:], environment: [:], file: nil))
    } catch {
      preconditionFailure("the defaults of SettingsTable are valid, and there is no other source: \(error)")
    }
  }

  /// Takes each value from the first source that has it.
  /// - Throws: `SettingsError.badValue`.
  public init(_ resolver: SettingsResolver) throws(SettingsError) {
    server = try Server(resolver)
    access = try Access(resolver)
    tls = try TLS(resolver)
    relay = try Relay(resolver)
    rtsp = try RTSP(resolver)
    recording = try Recording(resolver)
    slam = try SLAM(resolver)
    objects = try Objects(resolver)
    detection = try Detection(resolver)
    identification = try Identification(resolver)
    rerun = try Rerun(resolver)
    cot = try CoT(resolver)
    bus = try Bus(resolver)
    telemetry = try Telemetry(resolver)
    clock = try Clock(resolver)
    webhooks = try Webhooks(resolver)
    tracing = try Tracing(resolver)
    simulator = try Simulator(resolver)
    log = try Log(resolver)
  }

  /// The gateway.
  public struct Server: Sendable, Equatable {
    /// Address or host name to listen on.
    public var host: String
    /// 0: any free port.
    public var port: Int
    /// 0: one for each core.
    public var eventLoops: Int
    /// How long a stream lives on without its publisher.
    public var grace: Nanoseconds
    /// Whether a second publisher of a stream takes over.
    public var overridePublisher: Bool
    public var maxConnections: Int
    /// Open connections from one address at most; loopback is exempt.
    public var maxConnectionsPerAddress: Int
    /// Largest WebSocket message that is accepted.
    public var maxMessageBytes: Int
    /// Silence after which a connection is closed.
    public var idleTimeout: Nanoseconds
    public var allowedOrigins: [String]
    public var allowedHosts: [String]

    init(_ resolver: SettingsResolver) throws(SettingsError) {
      host = try resolver.value(SettingsTable.host)
      port = try resolver.value(SettingsTable.port)
      eventLoops = try resolver.value(SettingsTable.eventLoops)
      grace = .seconds(try resolver.value(SettingsTable.graceSeconds))
      overridePublisher = try resolver.value(SettingsTable.overridePublisher)
      maxConnections = try resolver.value(SettingsTable.maxConnections)
      maxConnectionsPerAddress = try resolver.value(SettingsTable.maxConnectionsPerAddress)
      maxMessageBytes = try resolver.value(SettingsTable.maxMessageBytes)
      idleTimeout = .seconds(try resolver.value(SettingsTable.idleSeconds))
      allowedOrigins = try resolver.value(SettingsTable.allowedOrigins)
      allowedHosts = try resolver.value(SettingsTable.allowedHosts)
    }
  }

  /// Who may do what.
  public struct Access: Sendable, Equatable {
    /// `nil`: no file.
    public var tokenFile: String?
    /// Let everybody in, on every address.
    public var isInsecure: Bool

    init(_ resolver: SettingsResolver) throws(SettingsError) {
      tokenFile = try resolver.value(SettingsTable.tokenFile).nilIfEmpty
      isInsecure = try resolver.value(SettingsTable.insecure)
    }
  }

  /// Encryption of the gateway.
  public struct TLS: Sendable, Equatable {
    public var mode: TLSMode
    public var certificateFile: String?
    public var keyFile: String?
    /// More names for a self-signed certificate.
    public var names: [String]

    init(_ resolver: SettingsResolver) throws(SettingsError) {
      certificateFile = try resolver.value(SettingsTable.certificateFile).nilIfEmpty
      keyFile = try resolver.value(SettingsTable.keyFile).nilIfEmpty
      names = try resolver.value(SettingsTable.tlsNames)
      mode = try resolver.value(SettingsTable.tlsMode)
      let isModeGiven = resolver.source(of: SettingsTable.tlsMode.definition) != nil
      if certificateFile != nil, keyFile != nil, !isModeGiven { mode = .files }
      guard mode == .files, certificateFile == nil || keyFile == nil else { return }
      let source = resolver.source(of: SettingsTable.tlsMode.definition) ?? "default"
      throw .badValue(
        source: source, key: "tls.mode", value: mode.rawValue,
        allowed: "tls.certificate_file and tls.key_file beside it")
    }
  }

  /// From publishers to consumers.
  public struct Relay: Sendable, Equatable {
    /// Bytes for each stream's current group of pictures.
    public var groupOfPicturesBytes: Int

    init(_ resolver: SettingsResolver) throws(SettingsError) {
      groupOfPicturesBytes = try resolver.value(SettingsTable.groupOfPicturesMebibytes) << 20
    }
  }

  /// The RTSP server and the push.
  public struct RTSP: Sendable, Equatable {
    public var isEnabled: Bool
    /// 0: any free port.
    public var port: Int
    public var sessionTimeout: Nanoseconds
    /// Another server to keep fed; may carry credentials, so it must not be logged as it is.
    public var pushURL: String?
    /// Frames that wait to be pushed at most.
    public var pushQueueUnits: Int

    init(_ resolver: SettingsResolver) throws(SettingsError) {
      isEnabled = try resolver.value(SettingsTable.rtspEnabled)
      port = try resolver.value(SettingsTable.rtspPort)
      sessionTimeout = .seconds(try resolver.value(SettingsTable.rtspSessionSeconds))
      pushURL = try resolver.value(SettingsTable.pushURL).nilIfEmpty
      pushQueueUnits = try resolver.value(SettingsTable.pushQueueUnits)
    }
  }

  /// The storage service.
  public struct Recording: Sendable, Equatable {
    /// Folder for recordings, tokens and certificate.
    public var path: String
    public var segmentDuration: Nanoseconds
    /// `nil`: no stills.
    public var stillEveryFrames: Int?
    /// At least 1.
    public var frameSkip: Int
    /// `nil`: recordings are kept for ever.
    public var keep: Nanoseconds?
    /// `nil`: recordings may take any space.
    public var keepBytes: Int?
    /// Recording pauses while the disk has less space.
    public var minFreeBytes: Int
    /// Whether each session is also written as one MCAP file.
    public var writesMCAP: Bool

    init(_ resolver: SettingsResolver) throws(SettingsError) {
      path = try resolver.value(SettingsTable.recordingPath)
      segmentDuration = .seconds(try resolver.value(SettingsTable.segmentSeconds))
      let every = try resolver.value(SettingsTable.stillEvery)
      stillEveryFrames = every > 0 ? every : nil
      frameSkip = max(1, try resolver.value(SettingsTable.storageFrameSkip))
      let days = try resolver.value(SettingsTable.keepDays)
      keep = days > 0 ? .seconds(days * 86_400) : nil
      let gibibytes = try resolver.value(SettingsTable.keepGibibytes)
      keepBytes = gibibytes > 0 ? Int(gibibytes * 1_073_741_824) : nil
      minFreeBytes = try resolver.value(SettingsTable.minFreeMebibytes) << 20
      writesMCAP = try resolver.value(SettingsTable.writesMCAP)
    }
  }

  /// The simulated flight.
  public struct Simulator: Sendable, Equatable {
    public var resolution: Resolution
    public var framesPerSecond: Int
    public var bitsPerSecond: Int
    public var seed: UInt64

    init(_ resolver: SettingsResolver) throws(SettingsError) {
      let width = try resolver.value(SettingsTable.flightWidth)
      let height = try resolver.value(SettingsTable.flightHeight)
      for (setting, value) in [(SettingsTable.flightWidth, width), (SettingsTable.flightHeight, height)]
      where !value.isMultiple(of: 2) {
        throw .badValue(
          source: resolver.source(of: setting.definition) ?? "default", key: setting.definition.path,
          value: "\(value)", allowed: "an even number of pixels")
      }
      resolution = Resolution(width: width, height: height)
      framesPerSecond = try resolver.value(SettingsTable.flightFramesPerSecond)
      bitsPerSecond = Int(try resolver.value(SettingsTable.flightMegabitsPerSecond) * 1e6)
      seed = UInt64(try resolver.value(SettingsTable.flightSeed))
    }
  }

  /// Log records.
  public struct Log: Sendable, Equatable {
    public var level: LogLevelName
    public var format: LogFormatName

    init(_ resolver: SettingsResolver) throws(SettingsError) {
      level = try resolver.value(SettingsTable.logLevel)
      format = try resolver.value(SettingsTable.logFormat)
    }
  }
}

extension String {
  var nilIfEmpty: String? { isEmpty ? nil : self }
}
