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
    var options = CoTSenderOptions(address: address)
    options.type = try type(settings.cot.type, of: "cot.type", such: "a-f-A-M-F-Q")
    options.interval = settings.cot.interval
    options.staleAfter = max(options.staleAfter, .seconds(3 * settings.cot.interval.seconds))
    options.objects = settings.cot.objects
    options.objectType = try type(settings.cot.objectType, of: "cot.object_type", such: "a-u-G")
    options.objectInterval = settings.cot.objectInterval
    options.objectStaleAfter = max(options.objectStaleAfter, .seconds(3 * settings.cot.objectInterval.seconds))
    return CoTSender(
      options: options, node: settings.nodeName, bus: bus, group: group, clocks: clocks, logger: Logger(label: "cot"))
  }

  private static func type(_ text: String, of setting: String, such example: String) throws -> CoTType {
    guard let type = CoTType(text) else {
      throw CommandFailure(.usage, "\(setting): “\(text)” is no type such as \(example)")
    }
    return type
  }
}
