public import NIOCore
import Synchronization

/// A `ConnectionTable` that the event loops of a listener share.
public final class ConnectionLimiter: Sendable {
  private let table: Mutex<ConnectionTable>

  public init(_ limits: ConnectionLimits) { table = Mutex(ConnectionTable(limits: limits)) }

  /// Notes a new connection. Only an admitted one is to be released later.
  public func admit(_ address: SocketAddress?) -> ConnectionTable.Decision { table.withLock { $0.admit(address) } }

  /// Notes the end of an admitted connection.
  public func release(_ address: SocketAddress?) { table.withLock { $0.release(address) } }

  /// Connections that are open now.
  public var count: Int { table.withLock { $0.count } }
}
