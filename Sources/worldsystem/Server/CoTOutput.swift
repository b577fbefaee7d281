import Clocks
import CoTSender
import CursorOnTarget
import Logging
import MediaModel
import MessageBus
import NIOPosix
import Settings

/// Positions for users of ATAK.
enum CoTOutput {
  /// What sends them; `nil` where the settings name nobody.
  static func make(
    _ settings: Settings, bus: any MessageBus, group: MultiThreadedEventLoopGroup, clocks: SystemClocks
  ) throws -> CoTSender? {
    guard let url = settings.cot.url else { return nil }
    guard let address = CoTAddress(url) else {
      throw CommandFailure(.usage, "cot.url: “\(url)” is neither udp://HOST:PORT nor tcp://HOST:PORT")
    }
    guard let type = CoTType(settings.cot.type) else {
      throw CommandFailure(.usage, "cot.type: “\(settings.cot.type)” is no type such as a-f-A-M-F-Q")
    }
    var options = CoTSenderOptions(address: address)
    options.type = type
    options.interval = settings.cot.interval
    options.staleAfter = max(options.staleAfter, .seconds(3 * settings.cot.interval.seconds))
    return CoTSender(
      options: options, node: settings.nodeName, bus: bus, group: group, clocks: clocks, logger: Logger(label: "cot"))
  }
}
