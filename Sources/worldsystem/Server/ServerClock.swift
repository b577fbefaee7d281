import Clocks
import Gateway
import Logging
import MediaModel
import NIOCore
import NetworkTime
import ServiceLifecycle
import Settings

/// The clock of a server: corrected to network time, or that of the system where the settings say so.
struct ServerClock: Sendable {
  private let networkTime: NetworkTime?

  /// - Throws: `CommandFailure` when the name of a time server is none.
  init(_ settings: Settings, group: any EventLoopGroup) throws {
    guard settings.clock.isEnabled else {
      networkTime = nil
      return
    }
    networkTime = NetworkTime(
      configuration: NetworkTime.Configuration(servers: try Self.servers(settings)), group: group,
      logger: Logger(label: "clock"))
  }

  /// The servers that the settings name.
  static func servers(_ settings: Settings) throws -> [TimeServer] {
    try settings.clock.servers.map { text in
      guard let server = TimeServer(text) else {
        throw CommandFailure(.usage, "clock.servers (NTP_SERVER): \(text) is not a host name with an optional :PORT")
      }
      return server
    }
  }

  /// What everybody reads time from.
  var clocks: SystemClocks { networkTime?.clocks ?? .system }

  /// What is to be run.
  var services: [any Service] { [networkTime].compactMap { $0 } }

  /// The state for `/api/server`; `nil` when no time servers are asked.
  var report: ClockReport? {
    guard let status = networkTime?.status else { return nil }
    return ClockReport(
      isSynchronised: status.isSynchronised, server: status.server?.description,
      offsetMillis: status.offset.milliseconds, correctionMillis: status.correction.milliseconds,
      dispersionMillis: status.dispersion.milliseconds, delayMillis: status.delay.milliseconds,
      stratum: status.stratum)
  }
}
