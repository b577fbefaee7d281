import Synchronization
import MediaModel
import TelemetryProtocol

/// A phone that is connected, as `/api/phones` lists it.
public struct PhoneReport: Sendable, Encodable {
  /// Rate and regularity of one type of message.
  public struct Intervals: Sendable, Encodable {
    public var total: UInt64
    public var rate_hz: Double
    public var mean_ms: Double
    /// Standard deviation of the intervals.
    public var jitter_ms: Double
    public var longest_gap_ms: Double
  }

  /// The last position.
  public struct Position: Sendable, Encodable {
    public var latitude: Double
    public var longitude: Double
    public var altitude: Double?
    public var accuracy: Double?
    public var speed: Double?
    public var heading: Double?
  }

  public var id: UInt64
  public var stream: String
  /// `host:port`.
  public var peer: String
  /// Seconds since 1970.
  public var since: Double
  /// By type: `imu`, `gps`….
  public var messages: [String: Intervals]
  public var duplicates: UInt64
  public var late: UInt64
  public var rejected: UInt64
  public var commands_sent: UInt64
  public var commands_dropped: UInt64
  public var commands_waiting: Int
  public var uploads_open: Int
  /// To be added to the phone's clock for the server's, seconds.
  public var clock_offset_s: Double?
  public var clock_jumps: Int
  /// 0…1.
  public var battery: Double?
  public var status: String?
  public var gps: Position?
  /// Quaternion w, x, y, z.
  public var attitude: [Double]?
}

extension PhoneReport.Position {
  init(_ position: PhonePosition) {
    self.init(
      latitude: position.latitudeDegrees, longitude: position.longitudeDegrees, altitude: position.altitudeMetres,
      accuracy: position.accuracyMetres, speed: position.speedMPerSec, heading: position.headingDegrees)
  }
}

extension PhoneLink {
  /// How the phone stands.
  func snapshot() -> PhoneReport {
    state.withLock { state in
      let session = state.session
      let known = session.state
      return PhoneReport(
        id: id, stream: stream.text, peer: peer, since: since.secondsSince1970,
        messages: Dictionary(
          uniqueKeysWithValues: session.summaries.map { ($0.key.rawValue, PhoneReport.Intervals($0.value)) }),
        duplicates: state.duplicates, late: state.late, rejected: state.rejected,
        commands_sent: state.commandsSent, commands_dropped: state.commandsDropped,
        commands_waiting: state.commands.count, uploads_open: session.openUploads,
        clock_offset_s: session.clockOffset?.seconds, clock_jumps: session.clockDiscontinuities,
        battery: known.batteryLevel, status: known.status, gps: known.gps.map(PhoneReport.Position.init),
        attitude: known.attitude.map { [$0.x, $0.y, $0.z, $0.w] })
    }
  }
}

extension PhoneReport.Intervals {
  init(_ summary: IntervalStatistics.Summary) {
    self.init(
      total: summary.total, rate_hz: summary.ratePerSecond, mean_ms: summary.mean.milliseconds,
      jitter_ms: summary.jitter.milliseconds, longest_gap_ms: summary.longestGap.milliseconds)
  }
}
