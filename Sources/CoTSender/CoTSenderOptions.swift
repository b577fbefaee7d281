public import CursorOnTarget
public import MediaModel

/// Where and how events of Cursor-on-Target are sent.
public struct CoTSenderOptions: Hashable, Sendable {
  public var address: CoTAddress
  /// From one event of a stream to the next.
  public var interval = Nanoseconds.seconds(1)
  /// What the things are that carry phones and cameras.
  public var type = CoTType.drone
  /// An event says that it is worth nothing after so long.
  public var staleAfter = Nanoseconds.seconds(10)
  /// Streams that are sent at most; further ones are left out and counted.
  public var streams = 64

  public init(address: CoTAddress) { self.address = address }
}
