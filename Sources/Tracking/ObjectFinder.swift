public import MediaModel

/// Finds objects in the pictures of one video and follows them: what a service runs, whatever the method.
///
/// One owner calls it, one call after the other, on a thread that may be kept busy for as long as a picture needs.
/// From pictures that are not live the same input gives the same bits: nothing may depend on how long anything takes.
public protocol ObjectFinder: Sendable {
  /// The method: `motion`, `fastestdet`, `grounded`. Stays the same.
  var mode: String { get }

  /// What it has found out and decided up to now.
  func report() async -> FinderReport

  /// Finds and follows objects.
  /// - Parameters:
  ///   - picture: the next picture in display order. Another size than before is another video.
  ///   - number: of the frame, from 1; pictures may be left out between calls.
  ///   - nanos: when it was captured, nanoseconds; grows, except at a jump, which is another video.
  ///   - isLive: whether pictures come at the pace of the world, and no call may take longer than they do.
  /// - Returns: every object that is followed in this picture, by rising identifier. An identifier is never used
  ///   again, whatever the video.
  /// - Throws: when this picture could not be looked at; the next one may be.
  func find(in picture: Picture, number: Int, at nanos: Int64, isLive: Bool) async throws -> [TrackedObject]

  /// What to look for from the next picture on, in the form `person. car. red backpack.`. Objects that are followed
  /// keep their identifiers where the new prompt names them too. Whoever cannot be told does nothing.
  /// - Throws: when the text cannot be understood; the one before stays in force.
  func setPrompt(_ text: String) async throws

  /// Nothing comes any more: ends what works beside the calls. Called once.
  func finish() async
}

extension ObjectFinder {
  public func setPrompt(_ text: String) async throws {}
  public func finish() async {}
}

/// What an object finder works with, and what its last picture took.
public struct FinderReport: Hashable, Sendable {
  /// A decision: `input` is `640×360`, `detection interval` is `12 frames`.
  public struct Choice: Hashable, Sendable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// How long one stage took, once.
  public struct StageTime: Hashable, Sendable {
    /// One of a closed set of words, for a label of a metric: `detect`, `encode`, `attend`, `decode`, `memory`, `flow`.
    public var stage: String
    public var nanos: Int64

    public init(_ stage: String, nanos: Int64) {
      self.stage = stage
      self.nanos = nanos
    }
  }

  /// The networks, in words; `nil` where there is none.
  public var model: String?
  /// What it decided, the most important first.
  public var choices: [Choice]
  /// Stages that ended since the report before; empty where nobody measures.
  public var stages: [StageTime]
  /// Detections since the report before, before they became tracks.
  public var detectionCount: Int
  /// Tracks that began since the report before.
  public var startedCount: Int

  public init(
    model: String? = nil, choices: [Choice] = [], stages: [StageTime] = [], detectionCount: Int = 0,
    startedCount: Int = 0
  ) {
    self.model = model
    self.choices = choices
    self.stages = stages
    self.detectionCount = detectionCount
    self.startedCount = startedCount
  }
}
