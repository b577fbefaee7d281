import MediaModel
import Clocks
import HTTPTypes
import Hummingbird
public import Logging
import MediaModel
import NIOCore
import Observability
public import ServiceLifecycle

/// `/health` and `/metrics` of a process that is no server: what its health check and Prometheus ask.
///
/// It shows numbers only, neither video nor recordings, so it asks for no token. It listens on loopback unless the
/// operator names another address.
public struct MonitoringServer: Service {
  /// Where it listens.
  public struct Address: Hashable, Sendable {
    public var host: String
    /// 0 takes any free port.
    public var port: Int

    public init(host: String, port: Int) {
      self.host = host
      self.port = port
    }

    /// Reads `HOST:PORT`, `[IPv6]:PORT` or, for loopback, `PORT`. `nil` when it is none of these.
    public init?(_ text: String) {
      let colon = text.lastIndex(of: ":")
      let digits = colon.map { text[text.index(after: $0)...] } ?? text[...]
      guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits) else {
        return nil
      }
      self.port = Int(port)
      guard let colon else {
        host = "127.0.0.1"
        return
      }
      var name = text[..<colon]
      if name.hasPrefix("["), name.hasSuffix("]") {
        name = name.dropFirst().dropLast()
      } else if name.contains(":") {
        return nil
      }
      guard !name.isEmpty, !name.contains(where: { $0.isWhitespace || $0 == "/" }) else { return nil }
      host = String(name)
    }
  }

  private let address: Address
  private let service: String
  private let metrics: @Sendable () -> String
  private let unhealthyReason: @Sendable () -> String?
  private let clocks: SystemClocks
  private let logger: Logger

  /// - Parameters:
  ///   - service: the name that `/health` gives.
  ///   - metrics: the text for `/metrics`.
  ///   - unhealthyReason: what keeps the service from its work, or `nil` when nothing does.
  public init(
    address: Address, service: String, metrics: @escaping @Sendable () -> String,
    unhealthyReason: @escaping @Sendable () -> String?, clocks: SystemClocks = .system, logger: Logger
  ) {
    self.address = address
    self.service = service
    self.metrics = metrics
    self.unhealthyReason = unhealthyReason
    self.clocks = clocks
    self.logger = logger
  }

  /// Answers until the task is cancelled or a graceful shutdown begins.
  /// - Throws: ``MonitoringError/cannotListen(host:port:reason:)`` when the address is taken or not one of this machine.
  public func run() async throws {
    let router = Router(context: BasicRequestContext.self, options: .autoGenerateHeadEndpoints)
    router.get("/health") { _, _ in
      let reason = unhealthyReason()
      return Response(
        status: reason == nil ? .ok : .serviceUnavailable,
        json: ServiceHealthReport(
          status: reason == nil ? "healthy" : "unhealthy", service: service,
          timestamp: clocks.wall().secondsSince1970, reason: reason))
    }
    router.get("/metrics") { _, _ in
      Response(text: metrics(), contentType: "text/plain; version=0.0.4; charset=utf-8")
    }
    let application = Application(
      router: router,
      configuration: ApplicationConfiguration(
        address: .hostname(address.host, port: address.port), serverName: nil, reuseAddress: true),
      onServerRunning: { [logger, address] channel in
        logger.notice(
          "metrics are served",
          metadata: [.host: "\(address.host)", .port: "\(channel.localAddress?.port ?? address.port)"])
      },
      logger: logger)
    do { try await application.run() } catch let error as IOError {
      throw MonitoringError.cannotListen(host: address.host, port: address.port, reason: "\(error)")
    }
  }
}

/// Why health and metrics of a service cannot be served.
public enum MonitoringError: Error, Equatable, Sendable, CustomStringConvertible {
  case cannotListen(host: String, port: Int, reason: String)

  public var description: String {
    switch self {
    case .cannotListen(let host, let port, let reason): "metrics: cannot listen on \(host):\(port): \(reason)"
    }
  }
}

/// `/health` of a service.
private struct ServiceHealthReport: Encodable {
  var status: String
  var service: String
  var timestamp: Double
  /// What is wrong; left out when nothing is.
  var reason: String?
}
