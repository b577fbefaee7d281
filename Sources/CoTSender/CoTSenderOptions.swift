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
  /// Objects of the world that are sent at most, those of all streams; further ones are left out and counted. 0: none.
  public var objects = 64
  /// From one event of an object to the next.
  public var objectInterval = Nanoseconds.seconds(5)
  /// What objects are of whose names no type is known; its affiliation is that of all.
  public var objectType = CoTType.unknownOnGround
  /// An event of an object says that it is worth nothing so long after it was last seen.
  public var objectStaleAfter = Nanoseconds.seconds(60)

  public init(address: CoTAddress) { self.address = address }
}
