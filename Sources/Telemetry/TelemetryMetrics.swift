import MediaModel
import Metrics
import TelemetryProtocol

/// Numbers about phones and viewers.
final class TelemetryMetrics: Sendable {
  /// Why a sample was not published; a closed set.
  enum SampleDrop: String, CaseIterable {
    case duplicate, late
  }

  /// Why a viewer was not sent a message; a closed set.
  enum ViewerDrop: String, CaseIterable {
    /// It takes messages too slowly.
    case slow
    /// Samples above its rate.
    case rate
  }

  let phones = Gauge(label: "worldsystem_telemetry_phones")
  let viewers = Gauge(label: "worldsystem_telemetry_viewers")
  let sampleRate = Gauge(label: "worldsystem_telemetry_imu_rate_hz")
  let clockOffset = Gauge(label: "worldsystem_telemetry_phone_clock_offset_seconds")
  let clockRestarts = Counter(label: "worldsystem_telemetry_phone_clock_restarts_total")
  let sampleInterval = Recorder(label: "worldsystem_telemetry_imu_interval_seconds", aggregate: true)
  let sampleDelay = Recorder(label: "worldsystem_telemetry_imu_hold_seconds", aggregate: true)
  let commandLatency = Recorder(label: "worldsystem_telemetry_command_latency_seconds", aggregate: true)
  let commandAge = Recorder(label: "worldsystem_telemetry_command_age_seconds", aggregate: true)
  let uploadBytes = Counter(label: "worldsystem_telemetry_upload_bytes_total")

  private let messages: [TelemetryType: Counter]
  private let rejects: [String: Counter]
  private let samplesDropped: [SampleDrop: Counter]
  private let commands: [ViewerCommand.Kind: Counter]
  private let commandsDropped: [CommandQueue.Drop: Counter]
  private let viewerDropped: [ViewerDrop: Counter]
  private let uploads: [String: Counter]

  init() {
    messages = Self.counters("worldsystem_telemetry_messages_total", "type", TelemetryType.allCases)
    rejects = Dictionary(
      uniqueKeysWithValues: TelemetryReject.reasons.map {
        ($0, Counter(label: "worldsystem_telemetry_messages_rejected_total", dimensions: [("reason", $0)]))
      })
    samplesDropped = Self.counters(
      "worldsystem_telemetry_samples_dropped_total", "reason", SampleDrop.allCases)
    commands = Self.counters("worldsystem_telemetry_commands_total", "type", ViewerCommand.Kind.allCases)
    commandsDropped = Self.counters(
      "worldsystem_telemetry_commands_dropped_total", "reason", CommandQueue.Drop.allCases)
    viewerDropped = Self.counters(
      "worldsystem_telemetry_viewer_messages_dropped_total", "reason", ViewerDrop.allCases)
    uploads = Dictionary(
      uniqueKeysWithValues: (["saved"] + UploadProblem.allCases.map(\.rawValue)).map {
        ($0, Counter(label: "worldsystem_telemetry_uploads_total", dimensions: [("result", $0)]))
      })
  }

  private static func counters<Value: RawRepresentable<String> & Hashable>(
    _ name: String, _ label: String, _ values: [Value]
  ) -> [Value: Counter] {
    Dictionary(
      uniqueKeysWithValues: values.map { ($0, Counter(label: name, dimensions: [(label, $0.rawValue)])) })
  }

  func received(_ type: TelemetryType) { messages[type]?.increment() }
  func rejected(_ reject: TelemetryReject) { rejects[reject.reason]?.increment() }
  func dropped(_ reason: SampleDrop, count: Int) {
    if count > 0 { samplesDropped[reason]?.increment(by: count) }
  }
  func command(_ kind: ViewerCommand.Kind) { commands[kind]?.increment() }
  func dropped(_ reason: CommandQueue.Drop) { commandsDropped[reason]?.increment() }
  func dropped(_ reason: ViewerDrop, count: Int = 1) {
    if count > 0 { viewerDropped[reason]?.increment(by: count) }
  }
  func upload(_ problem: UploadProblem?) { uploads[problem?.rawValue ?? "saved"]?.increment() }
}
