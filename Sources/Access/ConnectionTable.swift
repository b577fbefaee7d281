public import NIOCore

/// Counts open connections and says when there are too many. A value without locks.
public struct ConnectionTable: Sendable, Equatable {
  /// Whether a connection may stay.
  public enum Decision: Hashable, Sendable {
    case admitted
    case totalLimitReached
    case addressLimitReached
  }

  public let limits: ConnectionLimits
  private var byAddress: [AddressKey: Int] = [:]
  /// Connections that are open now.
  public private(set) var count = 0

  public init(limits: ConnectionLimits) { self.limits = limits }

  /// Notes a new connection. Only an admitted one is to be released later.
  public mutating func admit(_ address: SocketAddress?) -> Decision {
    guard count < limits.total else { return .totalLimitReached }
    let key = AddressKey(address)
    if !key.isLocal {
      guard byAddress[key, default: 0] < limits.perAddress else { return .addressLimitReached }
      byAddress[key, default: 0] += 1
    }
    count += 1
    return .admitted
  }

  /// Notes the end of an admitted connection.
  public mutating func release(_ address: SocketAddress?) {
    count -= 1
    let key = AddressKey(address)
    guard !key.isLocal, let open = byAddress[key] else { return }
    byAddress[key] = open > 1 ? open - 1 : nil
  }
}

/// What counts as one address: an IPv4 address, or the 64-bit network of an IPv6 one, which is what one household
/// or phone gets. An IPv4 address mapped into IPv6 (RFC 4291 §2.5.5.2) counts as the IPv4 one.
struct AddressKey: Hashable, Sendable {
  private var bits: UInt64
  private var isVersion6: Bool
  /// Whether the other end is on this machine.
  let isLocal: Bool

  init(_ address: SocketAddress?) {
    bits = 0
    isVersion6 = false
    guard let text = address?.ipAddress, let bytes = IPAddress.bytes(text) else {
      isLocal = true  // A Unix domain socket, or an embedded channel.
      return
    }
    if bytes.count == 4 {
      bits = Self.number(bytes)
      isLocal = bytes[0] == 127
    } else if bytes.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF] {
      bits = Self.number(bytes.suffix(4))
      isLocal = bytes[12] == 127
    } else {
      bits = Self.number(bytes.prefix(8))
      isVersion6 = true
      isLocal = bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
    }
  }

  private static func number(_ bytes: some Sequence<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
