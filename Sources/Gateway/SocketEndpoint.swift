public import Access
public import MediaModel
public import WebSocketTransport

/// A WebSocket address that another service answers: the gateway decides who may come in.
public struct SocketEndpoint: Sendable {
  /// What a request asks for.
  public struct Query: Hashable, Sendable {
    /// `nil`: none is named.
    public var stream: StreamName?
    /// A recorded session; `nil`: live.
    public var session: String?

    public init(stream: StreamName? = nil, session: String? = nil) {
      self.stream = stream
      self.session = session
    }
  }

  /// Why a request is not served.
  public struct Refusal: Error, Hashable, Sendable {
    public var reason: String

    public init(_ reason: String) { self.reason = reason }
  }

  /// Such as `/ws/foxglove`.
  public var path: String
  public var permission: Permission
  /// Subprotocols of which a client has to offer one; of those that it offers the first of these is taken. Empty: none.
  public var subprotocols: [String]
  /// Origins whose pages may come in beside those that may anyway, such as `https://app.example.com`.
  public var origins: Set<String>
  public var limits: WebSocketLimits
  /// Called on the event loop, and must not block; twice for a request that is accepted.
  public var accept: @Sendable (Query) -> Result<@Sendable () -> any WebSocketRole, Refusal>

  public init(
    path: String, permission: Permission = .view, subprotocols: [String] = [], origins: Set<String> = [],
    limits: WebSocketLimits = WebSocketLimits(),
    accept: @escaping @Sendable (Query) -> Result<@Sendable () -> any WebSocketRole, Refusal>
  ) {
    self.path = path
    self.permission = permission
    self.subprotocols = subprotocols
    self.origins = origins
    self.limits = limits
    self.accept = accept
  }
}
