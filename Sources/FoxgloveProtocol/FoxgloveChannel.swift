public import NIOCore

/// A topic that a server has, as clients are told of it.
public struct FoxgloveChannel: Hashable, Sendable {
  /// Chosen by the server; unique in a connection.
  public var id: UInt32
  public var topic: String
  /// Name of the messages' kind, such as `foxglove.PointCloud`.
  public var schemaName: String
  /// A serialized `FileDescriptorSet`: messages are of Protocol Buffers.
  public var schema: ByteBuffer

  public init(id: UInt32, topic: String, schemaName: String, schema: ByteBuffer) {
    self.id = id
    self.topic = topic
    self.schemaName = schemaName
    self.schema = schema
  }
}

/// What a server says of itself when a client connects.
public struct FoxgloveServerInfo: Hashable, Sendable {
  /// The times between which recorded data can be played, nanoseconds since 1970.
  public struct PlaybackRange: Hashable, Sendable {
    public var start: UInt64
    public var end: UInt64

    public init(start: UInt64, end: UInt64) {
      self.start = start
      self.end = end
    }
  }

  public var name: String
  /// The same for as long as the server lives: a client that comes back knows whether channels are those it knew.
  public var sessionID: String
  public var metadata: [String: String]
  /// `nil`: the data is live.
  public var playback: PlaybackRange?

  public init(name: String, sessionID: String, metadata: [String: String] = [:], playback: PlaybackRange? = nil) {
    self.name = name
    self.sessionID = sessionID
    self.metadata = metadata
    self.playback = playback
  }
}
