import Logging
import MediaModel
import NIOPosix
import RTSPServer
import Relay
import Testing

@Suite struct RTSPMonitorTests {
  private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  private func server(_ monitor: RTSPMonitor) -> RTSPServer {
    var configuration = RTSPServerConfiguration()
    configuration.port = 0
    return RTSPServer(
      configuration: configuration, relay: Relay(logger: logger), monitor: monitor,
      group: .singletonMultiThreadedEventLoopGroup, logger: logger)
  }

  @Test func serverIsHealthyWhileItListens() async throws {
    let monitor = RTSPMonitor()
    let server = server(monitor)
    #expect(!monitor.health().isHealthy)
    try await server.start()
    let port = try #require(server.port)
    #expect(monitor.health().isHealthy && monitor.health().url == "rtsp://127.0.0.1:\(port)/drone")
    let running = Task { try await server.run() }
    running.cancel()
    try await running.value
    #expect(!monitor.health().isHealthy && !monitor.health().isThreadAlive)
  }

  @Test func takenPortIsNamed() async throws {
    let first = server(RTSPMonitor())
    try await first.start()
    let port = try #require(first.port)
    var configuration = RTSPServerConfiguration()
    configuration.port = port
    let monitor = RTSPMonitor()
    let second = RTSPServer(
      configuration: configuration, relay: Relay(logger: logger), monitor: monitor,
      group: .singletonMultiThreadedEventLoopGroup, logger: logger)
    do {
      try await second.start()
      Issue.record("listened twice on port \(port)")
    } catch let error as RTSPServerError {
      #expect("\(error)".hasPrefix("RTSP server: cannot listen on 127.0.0.1:\(port): "))
    }
    #expect(!monitor.health().isHealthy)
    let running = Task { try await first.run() }
    running.cancel()
    try await running.value
  }

  @Test func usageIsAShareOfTheCapacity() {
    let monitor = RTSPMonitor(queueCapacity: 50)
    #expect(monitor.health().queueCapacity == 50 && monitor.health().queueUsagePercent == 0)
  }
}
