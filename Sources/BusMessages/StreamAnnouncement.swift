/// The streams that are published on one server, sent when they change and every few seconds: what is not repeated is
/// gone.
public struct StreamAnnouncement: JSONBody, Hashable {
  public static let topic = Topic.streamAnnouncements

  /// A stream that other servers may fetch.
  public struct Stream: Codable, Hashable, Sendable {
    public var name: String
    /// The publisher's turn, a decimal string; the higher of two is the newer.
    public var epoch: String

    public init(name: String, epoch: String) {
      self.name = name
      self.epoch = epoch
    }
  }

  public var type = "stream_announcement"
  /// When, seconds since 1970.
  public var timestamp: Double
  /// The server that sends it.
  public var node: String
  public var streams: [Stream]

  public init(timestamp: Double, node: String, streams: [Stream]) {
    self.timestamp = timestamp
    self.node = node
    self.streams = streams
  }
}
