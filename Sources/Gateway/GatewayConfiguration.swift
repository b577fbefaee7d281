public import Access
import MediaModel
public import NIOCore
public import NIOSSL

/// Bounds of what strangers may ask of the gateway.
public struct GatewayLimits: Sendable {
  /// Connections in all and from one address.
  public var connections = ConnectionLimits()
  /// Bytes of one request header field, and of all of them together.
  public var headerBytes = 16 << 10
  /// Bytes of one message of a publisher. Senders are known to use up to 10 MB; a longer packet is skipped, and only
  /// a message longer than this closes the connection.
  public var publisherMessageBytes = 16 << 20
  /// Bytes of one message of anybody else.
  public var messageBytes = 64 << 10
  /// Time for the first request of a connection.
  public var handshakeTime: TimeAmount = .seconds(10)
  /// Time between two requests of a connection.
  public var idleTime: Duration = .seconds(60)
  /// Silence after which a WebSocket is closed; pings go out three times in that time.
  public var webSocketIdleTime: TimeAmount = .seconds(60)

  public init() {}
}

/// Where and how the gateway listens.
public struct GatewayConfiguration: Sendable {
  public var host: String
  /// 0 takes any free port.
  public var port: Int
  public var access: AccessPolicy
  public var origins: OriginPolicy
  public var tls: TLSConfiguration?
  public var limits: GatewayLimits
  /// Port of the RTSP server, for the page; `nil` when there is none.
  public var rtspPort: Int?
  /// Addresses under which other machines reach this one; none when only this machine does.
  public var addresses: [String] = []

  public init(
    host: String = "127.0.0.1", port: Int = 5001, access: AccessPolicy = .open,
    origins: OriginPolicy = OriginPolicy(checksHost: true), tls: TLSConfiguration? = nil,
    limits: GatewayLimits = GatewayLimits(), rtspPort: Int? = nil
  ) {
    self.host = host
    self.port = port
    self.access = access
    self.origins = origins
    self.tls = tls
    self.limits = limits
    self.rtspPort = rtspPort
  }
}
