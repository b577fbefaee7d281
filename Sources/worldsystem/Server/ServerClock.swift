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
    let configuration = NetworkTime.Configuration(
      servers: try Self.servers(settings),
      publicServers: settings.clock.asksPublicServers ? TimeServer.publicServers : [])
    let hasServers = !configuration.servers.isEmpty || !configuration.publicServers.isEmpty
    networkTime =
      settings.clock.isEnabled && hasServers
      ? NetworkTime(configuration: configuration, group: group, logger: Logger(label: "clock")) : nil
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
