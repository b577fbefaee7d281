public import NIOCore

/// A viewer of Rerun that takes messages over gRPC, or whatever else listens there by the same protocol.
///
/// ``run()`` keeps the connection and looks for a viewer that is away, with growing waits.
public final class RerunViewer: Sendable {
  /// Where a viewer listens.
  public struct Address: Hashable, Sendable, CustomStringConvertible {
    public var host: String
    public var port: Int

    public init(host: String, port: Int) {
      self.host = host
      self.port = port
    }

    /// Reads `HOST:PORT` and `rerun+http://HOST:PORT/proxy`; `nil`: it is neither. A host with colons stands in brackets.
    public init?(_ text: String) {
      var rest = text[...]
      let scheme = "rerun+http://"
      if rest.hasPrefix(scheme) {
        rest = rest.dropFirst(scheme.count)
        guard rest.hasSuffix("/proxy") else { return nil }
        rest = rest.dropLast("/proxy".count)
      }
      guard let colon = rest.lastIndex(of: ":"), let port = UInt16(rest[rest.index(after: colon)...]), port > 0 else {
        return nil
      }
      var host = rest[..<colon]
      if host.hasPrefix("["), host.hasSuffix("]") {
        host = host.dropFirst().dropLast()
      } else if host.contains(":") {
        return nil
      }
      guard !host.isEmpty, !host.contains("/"), !host.contains("@") else { return nil }
      self.init(host: String(host), port: Int(port))
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
  }

  /// Whether the program was built with gRPC.
  public static var isAvailable: Bool {
    #if Rerun
      true
    #else
      false
    #endif
  }

  #if Rerun
    private let connection: RerunConnection
  #endif

  /// - Throws: ``RerunViewerError/unavailable`` when the program was built without gRPC, or the address cannot be used.
  public init(_ address: Address) throws(RerunViewerError) {
    #if Rerun
      connection = try RerunConnection(address)
    #else
      throw .unavailable(reason: "this program was built without gRPC; build it with WORLDSYSTEM_RERUN=1")
    #endif
  }

  /// Keeps the connection until the task is cancelled.
  public func run() async throws {
    #if Rerun
      try await connection.run()
    #endif
  }

  /// Sends messages in one call: waits until the viewer is there, and then sends what `next` gives until that is `nil`, or
  /// the viewer goes away.
  ///
  /// - Parameter next: is called once the viewer is there, and again when it has taken what came before. Each message is a
  ///   `WriteMessagesRequest`.
  /// - Throws: ``RerunViewerError/lost(reason:)`` when the viewer goes away.
  public func send(_ next: @escaping @Sendable () async -> [ByteBuffer]?) async throws(RerunViewerError) {
    #if Rerun
      try await connection.send(next)
    #endif
  }
}

/// Why a viewer does not get messages.
public enum RerunViewerError: Error, Hashable, Sendable, CustomStringConvertible {
  case unavailable(reason: String)
  case lost(reason: String)

  public var description: String {
    switch self {
    case .unavailable(let reason): reason
    case .lost(let reason): "the viewer is gone: \(reason)"
    }
  }
}
