public import MediaModel
public import Relay

/// What a feed says.
public enum FeedEvent: Sendable {
  /// What the container knows about the stream. Comes before the first delivery, if at all.
  case described(FeedDescription)
  /// The next access unit.
  case delivery(Delivery)
  /// Part of the stream was malformed and was left out, for this reason.
  case rejected(String)
}

/// What a container knows about its stream.
public struct FeedDescription: Hashable, Sendable {
  public var framesPerSecond: Double?
  /// The size to show, where it differs from that in the stream.
  public var statedResolution: Resolution?
  public var reorderDepth: Int

  public init(framesPerSecond: Double? = nil, statedResolution: Resolution? = nil, reorderDepth: Int = 0) {
    self.framesPerSecond = framesPerSecond
    self.statedResolution = statedResolution
    self.reorderDepth = reorderDepth
  }
}

/// A source of access units, always a decodable sequence.
public protocol UnitFeed: Sendable {
  /// Where it comes from, without credentials.
  var place: String { get }
  /// Whether units come at the pace of the world. Others wait for their consumers, and end.
  var isLive: Bool { get }

  /// Connects and hands on units until the source ends.
  ///
  /// Returning from a live feed means that the other side ended it properly. Cancelling the task ends it soon.
  /// - Parameter deliver: called for one event after the other; a feed that is not live waits as long as it takes.
  func run(_ deliver: @Sendable (FeedEvent) async -> Void) async throws
}

/// Units of a stream of this process.
public struct RelayFeed: UnitFeed {
  private let stream: RelayStream
  private let options: ReaderOptions

  public init(stream: RelayStream, options: ReaderOptions = ReaderOptions(policy: .decodable, transport: .consumer)) {
    self.stream = stream
    self.options = options
  }

  public var place: String { "stream \(stream.name)" }
  public var isLive: Bool { true }

  public func run(_ deliver: @Sendable (FeedEvent) async -> Void) async throws {
    let reader = stream.reader(options)
    defer { reader.close() }
    for try await delivery in reader { await deliver(.delivery(delivery)) }
  }
}
