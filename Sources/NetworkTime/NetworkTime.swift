import ClockSync
public import Clocks
public import Logging
import MediaModel
public import NIOCore
public import ServiceLifecycle
import Synchronization

/// Asks time servers and steers the clock that everybody in this process reads.
///
/// Nothing waits for it: until a server has answered, the clock is that of the system.
public final class NetworkTime: Service {
  /// Whom to ask, and how often.
  public struct Configuration: Sendable {
    /// The servers that the operator named. Others are asked only while none of these answers.
    public var servers: [TimeServer]
    public var publicServers: [TimeServer]
    public var polling = SNTPClient.Parameters()

    public init(servers: [TimeServer] = [], publicServers: [TimeServer] = TimeServer.publicServers) {
      self.servers = servers
      self.publicServers = publicServers
    }
  }

  /// The clocks to read, from the start. `wall` never steps back; the first answer of a server may put it forward at
  /// once, or back when nobody has read it before.
  public let clocks: SystemClocks
  private let configuration: Configuration
  private let system: SystemClocks
  private let shared: SharedClock
  private let group: any EventLoopGroup
  private let logger: Logger
  private let published = Mutex(NetworkTimeStatus())

  /// - Parameter system: the clocks of this host, uncorrected.
  public init(
    configuration: Configuration, system: SystemClocks = .system, group: any EventLoopGroup, logger: Logger
  ) {
    self.configuration = configuration
    self.system = system
    self.group = group
    self.logger = logger
    shared = SharedClock(system: system)
    clocks = shared.clocks
  }

  /// How the clock stands; at most a second old.
  public var status: NetworkTimeStatus { published.withLock { $0 } }

  /// Asks servers until the group shuts down.
  public func run() async throws {
    let eventLoop = group.next()
    let poller = try await eventLoop.submit {
      let poller = TimePoller(
        configuration: self.configuration, system: self.system, clock: self.shared, eventLoop: eventLoop,
        logger: self.logger, onStatus: { status in self.published.withLock { $0 = status } })
      poller.start()
      return NIOLoopBound(poller, eventLoop: eventLoop)
    }.get()
    // Ends by cancellation too, after which there is as much to close.
    try? await gracefulShutdown()
    try await eventLoop.submit { poller.value.stop() }.get()
  }
}
