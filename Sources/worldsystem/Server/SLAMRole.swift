import Clocks
import Logging
import MediaModel
import MessageBus
import Recording
import Relay
import SLAMService
import ServiceLifecycle
import Settings
import VideoConsumer

/// SLAM in the process of a server.
enum SLAMRole {
  /// What is to be run; nothing when the settings want none.
  static func services(
    _ settings: Settings, bus: any MessageBus, relay: Relay, recorder: RelayRecorder?, tracing: ServerTracing
  ) throws -> [any Service] {
    guard settings.slam.isEnabled else { return [] }
    guard let stream = StreamName(settings.slam.stream) else {
      throw CommandFailure(.usage, "slam.stream: '\(settings.slam.stream)' is not the name of a stream")
    }
    let logger = Logger(label: "slam")
    var options = try SLAMServiceOptions(settings.slam, stream: stream.text)
    options.sessionFolder = { recorder?.sessionFolder(of: stream) }
    let slam = SLAMService(options: options, bus: bus, metrics: SLAMMetrics(), clocks: relay.clocks, logger: logger)
    var running = ConsumerRunner.Options()
    running.tracing = tracing.frames
    return [
      SLAMMessages(of: bus, for: slam, stream: stream.text),
      RelaySLAM(slam, of: relay, stream: stream, options: running, logger: logger),
    ]
  }
}
