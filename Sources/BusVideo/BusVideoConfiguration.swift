public import MediaModel

/// How video goes through the broker.
public struct BusVideoConfiguration: Sendable {
  /// The name of this server; unique among those on the broker.
  public var node: String
  /// What the broker keeps of each stream.
  public var queueBytes: Int
  public var queueAge: Nanoseconds
  /// How often the streams of this server are announced; more often when they change.
  public var announceEvery = Nanoseconds.seconds(2)
  /// An announcement that is not repeated for so long has gone.
  public var announcementLife = Nanoseconds.seconds(10)
  /// How often demand is looked at: the longest time until a reader's wish is noticed.
  public var pace = Nanoseconds.milliseconds(100)
  public var following = RemoteStreamFollower.Parameters()

  public init(node: String, queueBytes: Int, queueAge: Nanoseconds) {
    self.node = node
    self.queueBytes = queueBytes
    self.queueAge = queueAge
  }
}
