import Clocks
import Foundation
import Logging
import MessageBus
import Recording
import Settings
import Telemetry
import TelemetryProtocol

extension TelemetryHub {
  /// The hub of a server.
  /// - Parameters:
  ///   - events: are told of phones that come and go.
  ///   - recorder: has the folders that uploads go to while a stream is recorded.
  convenience init(
    _ settings: Settings, bus: any MessageBus, events: LifecycleEvents, clocks: SystemClocks = .system,
    recorder: RelayRecorder?
  ) {
    var options = TelemetryOptions(
      node: settings.nodeName, uploadFolder: settings.telemetry.uploadPath ?? settings.recording.path + "/uploads",
      sessionFolder: { recorder?.sessionFolder(of: $0) })
    options.limits.uploads.fileBytes = settings.telemetry.uploadBytes
    options.limits.uploadMessageBytes = settings.server.maxMessageBytes
    self.init(options: options, bus: bus, events: events, clocks: clocks, logger: Logger(label: "telemetry"))
  }
}
