public import MediaModel
public import NIOCore

/// The state of the RTSP output as protocol.md section 8 reports it. The names are historic: no ffmpeg process runs.
public struct RTSPReport: Sendable, Encodable {
  /// Whether server and push, as far as they are asked for, do their work.
  public var isHealthy: Bool
  public var isRunning: Bool
  /// Address for players, without credentials.
  public var url: String
  public var queueSize: Int
  public var queueCapacity: Int
  public var isThreadAlive: Bool

  public init(
    isHealthy: Bool, isRunning: Bool, url: String, queueSize: Int, queueCapacity: Int, isThreadAlive: Bool
  ) {
    self.isHealthy = isHealthy
    self.isRunning = isRunning
    self.url = url
    self.queueSize = queueSize
    self.queueCapacity = queueCapacity
    self.isThreadAlive = isThreadAlive
  }
}

/// One recorded session, as `/api/recordings` lists it.
public struct RecordingReport: Sendable, Encodable {
  /// A file of a session.
  public struct File: Sendable, Encodable {
    public var name: String
    public var bytes: Int64
    public var duration_s: Double?

    public init(name: String, bytes: Int64, durationSeconds: Double?) {
      self.name = name
      self.bytes = bytes
      duration_s = durationSeconds
    }
  }

  public var id: String
  public var stream: String
  /// Seconds since 1970.
  public var start_time: Double
  public var end_time: Double?
  public var duration_s: Double
  public var bytes: Int64
  public var total_frames: Int
  public var active: Bool
  /// A JPEG of the session, by name.
  public var poster: String?
  public var files: [File]

  public init(
    id: String, stream: String, startTime: Double, endTime: Double?, durationSeconds: Double, bytes: Int64,
    totalFrames: Int, isActive: Bool, poster: String?, files: [File]
  ) {
    self.id = id
    self.stream = stream
    start_time = startTime
    end_time = endTime
    duration_s = durationSeconds
    self.bytes = bytes
    total_frames = totalFrames
    active = isActive
    self.poster = poster
    self.files = files
  }
}

/// A stream that another server has, and that this one fetches from there when somebody reads it.
public struct ElsewhereReport: Sendable {
  public var stream: StreamName
  /// The name of that server.
  public var node: String

  public init(stream: StreamName, node: String) {
    self.stream = stream
    self.node = node
  }
}

/// How the server's clock stands to network time, as `/api/server` shows it.
public struct ClockReport: Sendable, Encodable {
  /// A time server tells the time.
  public var synchronised: Bool
  /// Which one; `null` before one did.
  public var server: String?
  /// Network time minus the clock of the system.
  public var offset_ms: Double
  /// The part of it that the server's clock has taken on.
  public var correction_ms: Double
  public var dispersion_ms: Double
  public var delay_ms: Double
  public var stratum: Int

  public init(
    isSynchronised: Bool, server: String?, offsetMillis: Double, correctionMillis: Double, dispersionMillis: Double,
    delayMillis: Double, stratum: Int
  ) {
    synchronised = isSynchronised
    self.server = server
    offset_ms = offsetMillis
    correction_ms = correctionMillis
    dispersion_ms = dispersionMillis
    delay_ms = delayMillis
    self.stratum = stratum
  }
}

/// How much room the disk of recordings has, as `/api/server` shows it.
public struct StorageReport: Sendable, Encodable {
  public var free_bytes: Int
  public var total_bytes: Int
  /// With less room than this nothing is recorded.
  public var minimum_free_bytes: Int

  public init(freeBytes: Int, totalBytes: Int, minimumFreeBytes: Int) {
    free_bytes = freeBytes
    total_bytes = totalBytes
    minimum_free_bytes = minimumFreeBytes
  }
}

/// Pieces of a document, one after the other; `nil` at the end. Each call blocks on the disk.
public typealias DocumentPieces = @Sendable () throws -> ByteBuffer?

/// What the gateway shows of the rest of the process. The executable puts these together.
public struct GatewayProviders: Sendable {
  /// The text for `/metrics`.
  public var metrics: @Sendable () -> String
  /// The state of the RTSP output, or `nil` when there is none.
  public var rtsp: @Sendable () -> RTSPReport?
  /// Recorded sessions, newest first. Reads the disk, so it is called off the event loops.
  public var recordings: @Sendable () async -> [RecordingReport]
  /// The path of a file of a session, or `nil` when there is no such session or file.
  public var recordingFile: @Sendable (_ session: String, _ file: String) -> String?
  /// What was found out in a session, as lines of JSON; `nil` when there is no such session, or nothing of that kind.
  /// Reads the disk, so it is called off the event loops.
  public var recordingResults: @Sendable (_ session: String) -> DocumentPieces?
  /// The disk of recordings, or `nil` when it cannot be asked.
  public var storage: @Sendable () -> StorageReport?
  /// What keeps the server from serving, or `nil` when it is ready.
  public var notReadyReason: @Sendable () -> String?
  /// The state of the clock, or `nil` when no time servers are asked.
  public var clock: @Sendable () -> ClockReport?
  /// Streams of other servers.
  public var elsewhere: @Sendable () -> [ElsewhereReport]
  public var detection: DetectionControls
  /// WebSocket addresses that other services answer.
  public var sockets: [SocketEndpoint]
  /// What is where in the world, as JSON, or as GeoJSON; `nil` where nobody looks for that.
  public var objects: @Sendable (_ asGeoJSON: Bool) -> [UInt8]?

  public init(
    metrics: @escaping @Sendable () -> String = { "" }, rtsp: @escaping @Sendable () -> RTSPReport? = { nil },
    recordings: @escaping @Sendable () async -> [RecordingReport] = { [] },
    recordingFile: @escaping @Sendable (String, String) -> String? = { _, _ in nil },
    recordingResults: @escaping @Sendable (String) -> DocumentPieces? = { _ in nil },
    storage: @escaping @Sendable () -> StorageReport? = { nil },
    notReadyReason: @escaping @Sendable () -> String? = { nil },
    clock: @escaping @Sendable () -> ClockReport? = { nil },
    elsewhere: @escaping @Sendable () -> [ElsewhereReport] = { [] },
    detection: DetectionControls = DetectionControls(), sockets: [SocketEndpoint] = [],
    objects: @escaping @Sendable (Bool) -> [UInt8]? = { _ in nil }
  ) {
    self.sockets = sockets
    self.objects = objects
    self.detection = detection
    self.elsewhere = elsewhere
    self.metrics = metrics
    self.rtsp = rtsp
    self.recordings = recordings
    self.recordingFile = recordingFile
    self.recordingResults = recordingResults
    self.storage = storage
    self.notReadyReason = notReadyReason
    self.clock = clock
  }
}
