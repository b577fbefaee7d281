/// One publisher's turn at a stream, from its coming to its going. Immutable; shared by its access units.
public final class Publication: Sendable {
  /// Rises with every turn at a stream: nanoseconds since 1970 at its beginning, on the clock of the server that the
  /// publisher is connected to.
  public let epoch: UInt64
  /// Who publishes, for people.
  public let peer: String
  /// The server that the publisher is connected to, when it is another one; `nil` for this one.
  public let node: String?
  /// Whether it sends a recording once more: times stand as they were, and it waits for the services that look at it.
  public let isReplay: Bool

  /// A turn whose publisher is not known, for units that never see a relay.
  public static let unknown = Publication(epoch: 0, peer: "")

  public init(epoch: UInt64, peer: String, node: String? = nil, isReplay: Bool = false) {
    self.isReplay = isReplay
    self.epoch = epoch
    self.peer = peer
    self.node = node
  }

  /// Whether the publisher is connected to another server.
  public var isRemote: Bool { node != nil }
}
