/// How many connections a listener accepts.
public struct ConnectionLimits: Sendable, Hashable {
  /// Open connections in all.
  public var total: Int
  /// Open connections from one address: an IPv4 address or an IPv6 /64. Loopback is exempt, since there all
  /// programs of the machine share one address.
  public var perAddress: Int

  public init(total: Int = 8192, perAddress: Int = 256) {
    self.total = total
    self.perAddress = perAddress
  }
}
