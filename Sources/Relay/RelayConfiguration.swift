public import MediaModel

/// The bounds of a relay.
public struct RelayConfiguration: Sendable {
  /// How long a stream is held for a publisher that went away.
  public var publisherGrace: Nanoseconds
  /// Whether a second publisher of a stream takes it over instead of being turned away.
  public var overridesPublisher: Bool
  /// Bytes of one group of pictures that are kept for late readers; a larger group is not kept.
  public var groupCacheBytes: Int
  /// Streams that may exist at once, those without publisher but with waiting readers included.
  public var streams: Int

  public init(
    publisherGrace: Nanoseconds = .seconds(15), overridesPublisher: Bool = false, groupCacheBytes: Int = 32 << 20,
    streams: Int = 64
  ) {
    self.publisherGrace = publisherGrace
    self.overridesPublisher = overridesPublisher
    self.groupCacheBytes = groupCacheBytes
    self.streams = streams
  }
}

/// Why the relay refused something.
public enum RelayError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The stream has a publisher, and the relay does not let another take over.
  case alreadyPublished(StreamName, by: String)
  /// As many streams as allowed exist, and each has a publisher or readers.
  case tooManyStreams(limit: Int)
  /// The relay was shut down.
  case shutdown

  public var description: String {
    switch self {
    case .alreadyPublished(let name, let peer):
      "stream \(name) already has a publisher (\(peer)); start the server with --override-publisher to let a new "
        + "one take over"
    case .tooManyStreams(let limit): "the limit of \(limit) streams is reached"
    case .shutdown: "the server is shutting down"
    }
  }
}
