/// Every setting there is. The sample file, the check of the user's file and the messages all come from here.
public enum SettingsTable {
  /// Settings that belong together.
  public struct Section: Sendable {
    public let name: String
    public let help: String
    public let settings: [SettingDefinition]
  }

  public static let sections: [Section] = [
    Section(
      name: "server", help: "The gateway: phones, viewers, consumers and the page.",
      settings: [
        host.definition, port.definition, eventLoops.definition, graceSeconds.definition,
        overridePublisher.definition, maxConnections.definition, maxConnectionsPerAddress.definition,
        maxMessageBytes.definition, idleSeconds.definition, allowedOrigins.definition, allowedHosts.definition,
      ]),
    Section(
      name: "access", help: "Who may publish, view and control.",
      settings: [tokenFile.definition, insecure.definition]),
    Section(
      name: "tls", help: "Encryption of the gateway.",
      settings: [tlsMode.definition, certificateFile.definition, keyFile.definition, tlsNames.definition]),
    Section(
      name: "relay", help: "From publishers to consumers.",
      settings: [groupOfPicturesMebibytes.definition]),
    Section(
      name: "rtsp", help: "The RTSP server, and pushing to another one.",
      settings: [
        rtspEnabled.definition, rtspPort.definition, rtspSessionSeconds.definition, pushURL.definition,
        pushQueueUnits.definition,
      ]),
    Section(
      name: "recording", help: "The storage service.",
      settings: [
        recordingPath.definition, segmentSeconds.definition, stillEvery.definition, storageFrameSkip.definition,
        keepDays.definition, keepGibibytes.definition, minFreeMebibytes.definition, writesMCAP.definition,
      ]),
    Section(
      name: "slam", help: "Where the camera is: the SLAM service.",
      settings: [
        slamEnabled.definition, slamStream.definition, slamFrameSkip.definition, slamCameraFile.definition,
        slamSharedMemory.definition, slamMapFile.definition, slamDense.definition,
      ]),
    Section(
      name: "detect", help: "What is there: the detection service, frame_processor.",
      settings: [
        detectEnabled.definition, detectStream.definition, detectFrameSkip.definition, detectModel.definition,
        detectModelFolder.definition, detectTriton.definition, detectPrompt.definition,
        detectBoxThreshold.definition, detectTextThreshold.definition,
      ]),
    Section(
      name: "objects", help: "Where objects are in the world.",
      settings: [objectsEnabled.definition, objectsFile.definition]),
    Section(
      name: "identification", help: "What followed objects are, by APIs of others.",
      settings: [
        identifyEnabled.definition, identifyFolder.definition, identifyPublicURL.definition,
        identifyVisionURL.definition, identifyVisionModel.definition, identifyPerMinute.definition,
        identifyPerDay.definition, identifyCostPerDay.definition,
      ]),
    Section(
      name: "rerun", help: "A viewer of Rerun that streams are sent to, live.",
      settings: [rerunAddress.definition, rerunQueueMebibytes.definition]),
    Section(
      name: "cot", help: "Positions for users of ATAK: Cursor-on-Target.",
      settings: [
        cotURL.definition, cotType.definition, cotSeconds.definition, cotObjects.definition, cotObjectType.definition,
        cotObjectSeconds.definition,
      ]),
    Section(
      name: "bus", help: "Messages and video between services.",
      settings: [
        busURL.definition, busVideo.definition, busNode.definition, spoolPath.definition, spoolMebibytes.definition,
        busVideoMebibytes.definition, busVideoSeconds.definition,
      ]),
    Section(
      name: "telemetry", help: "Phones and viewers.",
      settings: [uploadPath.definition, uploadMebibytes.definition]),
    Section(
      name: "clock", help: "Network time.",
      settings: [clockEnabled.definition, clockServers.definition, clockPublicServers.definition]),
    Section(
      name: "webhooks", help: "Lifecycle events by HTTP.",
      settings: [webhookURLs.definition, webhookSecretFile.definition]),
    Section(
      name: "tracing", help: "Spans to an OpenTelemetry collector.",
      settings: [tracingEndpoint.definition, tracingSampleRatio.definition]),
    Section(
      name: "simulator", help: "The simulated flight of `up --demo` and `simulate --flight`.",
      settings: [
        flightWidth.definition, flightHeight.definition, flightFramesPerSecond.definition,
        flightMegabitsPerSecond.definition, flightSeed.definition,
      ]),
    Section(
      name: "log", help: "Log records on standard error.", settings: [logLevel.definition, logFormat.definition]),
  ]

  /// All settings, in the order of the sample file.
  public static let all: [SettingDefinition] = sections.flatMap(\.settings)
}

// MARK: server

extension SettingsTable {
  static let host = Setting.text(
    "server.host", "127.0.0.1", allowed: "an address or host name", from: .environment("BIND_HOST", flag: "--host"),
    "Address to listen on. Beyond this machine it needs tokens, or access.insecure.", where: { !$0.isEmpty })
  static let port = Setting.integer(
    "server.port", 5001, in: 0...65_535, from: .environment("API_PORT", flag: "--port"),
    "TCP port of the gateway; 0 takes a free one.")
  static let eventLoops = Setting.integer(
    "server.event_loops", 0, in: 0...1024, "Threads that serve connections; 0 is one for each core.")
  static let graceSeconds = Setting.number(
    "server.grace_seconds", 15, in: 0...86_400, from: .flag("--publisher-grace"),
    "How long a stream lives on without its publisher; consumers stay connected meanwhile.")
  static let overridePublisher = Setting.boolean(
    "server.override_publisher", false, from: .flag("--override-publisher"),
    "Whether a second publisher of a stream takes over; otherwise it is turned away.")
  static let maxConnections = Setting.integer(
    "server.max_connections", 8192, in: 1...1_000_000, "Open connections at most.")
  static let maxConnectionsPerAddress = Setting.integer(
    "server.max_connections_per_address", 256, in: 1...1_000_000,
    "Open connections from one address at most; this machine itself is exempt.")
  static let maxMessageBytes = Setting.integer(
    "server.max_message_bytes", 16_777_216, in: 65_536...134_217_728, "Largest WebSocket message that is accepted.")
  static let idleSeconds = Setting.number(
    "server.idle_seconds", 90, in: 5...86_400, "A connection that is silent for so long is closed.")
  static let allowedOrigins = Setting.list(
    "server.allowed_origins", allowed: "a list of origins such as https://ops.example.com",
    "Web sites beside the server's own page that may connect; \"*\" is all.")
  static let allowedHosts = Setting.list(
    "server.allowed_hosts", allowed: "a list of host names",
    "Names under which this server is reached where no token is asked for, beside addresses and local names.")
}

// MARK: access and tls

/// Where the gateway's certificate comes from.
public enum TLSMode: String, CaseIterable, Sendable {
  /// No encryption.
  case off
  /// A certificate that the server makes and keeps beside the recordings.
  case selfSigned = "self-signed"
  /// `tls.certificate_file` and `tls.key_file`.
  case files
}

extension SettingsTable {
  static let tokenFile = Setting.text(
    "access.token_file", "", allowed: "the path of a file", from: .flag("--token-file"),
    "File with lines `publish: TOKEN`, `view: TOKEN`, `control: TOKEN`, readable by its owner only.")
  static let insecure = Setting.boolean(
    "access.insecure", false, from: .flag("--insecure"), "Let everybody in, on every address.")
  static let tlsMode = Setting.choice(
    "tls.mode", TLSMode.off, from: .flag("--tls"), "Where the certificate comes from.")
  static let certificateFile = Setting.text(
    "tls.certificate_file", "", allowed: "the path of a file", from: .flag("--tls-certificate"),
    "Certificate chain in PEM, the server's own first.")
  static let keyFile = Setting.text(
    "tls.key_file", "", allowed: "the path of a file", from: .flag("--tls-key"),
    "Private key in PEM, readable by its owner only.")
  static let tlsNames = Setting.list(
    "tls.names", allowed: "a list of host names and addresses",
    "Names for the self-signed certificate, beside localhost and the host's own.")
}

// MARK: relay and rtsp

extension SettingsTable {
  static let groupOfPicturesMebibytes = Setting.integer(
    "relay.group_of_pictures_mebibytes", 32, in: 1...1024,
    "Memory for each stream's current group of pictures, from which late consumers start at once.")
  static let rtspEnabled = Setting.boolean("rtsp.enabled", true, "Whether to serve RTSP.")
  static let rtspPort = Setting.integer(
    "rtsp.port", 8554, in: 0...65_535, from: .environment("RTSP_PORT", flag: "--rtsp-port"),
    "TCP port of the RTSP server; 0 takes a free one.")
  static let rtspSessionSeconds = Setting.number(
    "rtsp.session_seconds", 60, in: 5...3600, "A session without any sign of its client ends after so long.")
  static let pushURL = Setting.text(
    "rtsp.push_url", "", allowed: "an rtsp:// or rtsps:// URL", from: .flag("--rtsp-push"),
    "Another RTSP server, such as MediaMTX, to keep fed with the default stream.",
    where: { $0.isEmpty || $0.hasPrefix("rtsp://") || $0.hasPrefix("rtsps://") })
  static let pushQueueUnits = Setting.integer(
    "rtsp.push_queue_units", 100, in: 2...65_536, "Frames that wait to be pushed at most.")
}

// MARK: recording and simulator

extension SettingsTable {
  static let recordingPath = Setting.text(
    "recording.path", "recordings", allowed: "the path of a folder", from: .environment("STORAGE_PATH", flag: "--data"),
    "Folder for recordings, and for the tokens and certificate the server makes.", where: { !$0.isEmpty })
  static let segmentSeconds = Setting.number(
    "recording.segment_seconds", 60, in: 1...86_400, from: .environment("VIDEO_CHUNK_DURATION_SECONDS"),
    "Length of one video file of a recording.")
  static let stillEvery = Setting.integer(
    "recording.still_every_frames", 30, in: 0...1_000_000, "Every so many frames are also kept as JPEG; 0 keeps none.")
  static let storageFrameSkip = Setting.integer(
    "recording.frame_skip", 1, in: 0...1_000_000, from: .environment("STORAGE_FRAME_SKIP"),
    "Only every so many frames count for stills and metadata; 0 and 1 are every frame.")
  static let keepDays = Setting.number(
    "recording.keep_days", 0, in: 0...36_500, "Recordings older than this are deleted; 0 keeps them for ever.")
  static let keepGibibytes = Setting.number(
    "recording.keep_gibibytes", 0, in: 0...1_000_000,
    "The oldest recordings are deleted when all of them take more; 0 sets no limit.")
  static let minFreeMebibytes = Setting.integer(
    "recording.min_free_mebibytes", 256, in: 0...1_000_000_000,
    "Recording pauses while the disk has less space than this.")
  static let writesMCAP = Setting.boolean(
    "recording.mcap", true, from: .flag("--no-mcap"),
    "Whether each session is also one MCAP file, with video, telemetry and results.")
  static let flightWidth = Setting.integer(
    "simulator.width", 1280, in: 64...3840, "Width of the picture; an even number of pixels.")
  static let flightHeight = Setting.integer(
    "simulator.height", 720, in: 64...2160, "Height of the picture; an even number of pixels.")
  static let flightFramesPerSecond = Setting.integer("simulator.frames_per_second", 30, in: 1...120, "Frame rate.")
  static let flightMegabitsPerSecond = Setting.number(
    "simulator.megabits_per_second", 5, in: 0.1...200, "Bitrate of the encoder.")
  static let flightSeed = Setting.integer(
    "simulator.seed", 1, in: 0...Int.max, from: .flag("--seed"), "The same number gives the same flight.")
}

// MARK: log

/// The least important records that are written, least to most important.
public enum LogLevelName: String, CaseIterable, Sendable {
  case trace, debug, info, notice, warning, error, critical
}

/// The form of log records.
public enum LogFormatName: String, CaseIterable, Sendable {
  case text, json
}

extension SettingsTable {
  static let logLevel = Setting.choice(
    "log.level", LogLevelName.info, from: .flag("--log-level"), "Records less important than this are left out.")
  static let logFormat = Setting.choice(
    "log.format", LogFormatName.text, from: .flag("--log-format"),
    "A line of text, or one JSON object, for each record.")
}
