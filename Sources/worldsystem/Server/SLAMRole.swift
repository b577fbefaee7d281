import Clocks
import Logging
import MediaModel
import MessageBus
import Recording
import Relay
import SLAMService
import ServiceLifecycle
import Settings

/// SLAM in the process of a server.
enum SLAMRole {
  /// What looks at a stream, and what runs beside it; `nil` when the settings want none.
  static func make(
    _ settings: Settings, bus: any MessageBus, relay: Relay, recorder: RelayRecorder?
  ) throws -> PerceptionRole? {
    guard settings.slam.isEnabled else { return nil }
    let stream = try PerceptionRole.stream(settings.slam.stream, setting: "slam.stream")
    var options = try SLAMServiceOptions(settings.slam, stream: stream.text)
    options.sessionFolder = { recorder?.sessionFolder(of: stream) }
    let slam = SLAMService(
      options: options, bus: bus, metrics: SLAMMetrics(), clocks: relay.clocks, logger: Logger(label: "slam"))
    return PerceptionRole(
      stream: stream, consumer: slam, companion: SLAMMessages(of: bus, for: slam, stream: stream.text))
  }
}
