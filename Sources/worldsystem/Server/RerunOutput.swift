import Clocks
import Logging
import MapFormats
import MessageBus
import Observability
import Relay
import RerunSink
import RerunViewer
import SLAMService
import Settings

/// Streams in a viewer of Rerun.
enum RerunOutput {
  /// What sends them; `nil` where the settings name no viewer, or the program was built without gRPC.
  static func make(_ settings: Settings, bus: any MessageBus, relay: Relay) throws -> RerunSink? {
    guard let text = settings.rerun.address else { return nil }
    guard let address = RerunViewer.Address(text) else {
      throw CommandFailure(.usage, "“\(text)” is no address of a viewer: HOST:PORT or rerun+http://HOST:PORT/proxy")
    }
    let logger = Logger(label: "rerun")
    do throws(RerunViewerError) {
      var options = RerunOptions()
      options.queuedBytes = settings.rerun.queueBytes
      options.camera = try? SLAMServiceOptions(settings.slam, stream: "").camera?.camera
      return RerunSink(
        relay: relay, bus: bus, viewer: try RerunViewer(address), options: options, clocks: relay.clocks,
        logger: logger)
    } catch {
      // The variable may be set for other programs.
      logger.warning("streams are not sent to a viewer", metadata: [.error: "\(error)"])
      return nil
    }
  }
}
