/// What detections mean for the objects that are followed.
///
/// Every detection is in exactly one of ``matched``, ``started`` and ``ignored``.
public struct Association: Hashable, Sendable {
  /// A detection of an object that is followed already.
  public struct Match: Hashable, Sendable {
    public var id: Int
    /// Index of the detection.
    public var detection: Int
    /// Intersection over union of what was followed and what was detected, both in the frame of the detection.
    public var overlap: Float
    /// Whether the follower has drifted off the object, or lost it, so that it should be prompted anew with the
    /// detection.
    public var needsPrompt: Bool

    public init(id: Int, detection: Int, overlap: Float, needsPrompt: Bool) {
      self.id = id
      self.detection = detection
      self.overlap = overlap
      self.needsPrompt = needsPrompt
    }
  }

  /// An object that is new; its follower is to be prompted with the detection.
  public struct Start: Hashable, Sendable {
    /// Never used before, or that of an object which was lost a short while ago and looks the same.
    public var id: Int
    /// Index of the detection.
    public var detection: Int
    public var observation: ObjectObservation

    public init(id: Int, detection: Int, observation: ObjectObservation) {
      self.id = id
      self.detection = detection
      self.observation = observation
    }
  }

  /// In the order of ids.
  public var matched: [Match] = []
  /// In the order of ids.
  public var started: [Start] = []
  /// Objects whose follower can forget them, in the order of ids.
  public var ended: [EndedTrack] = []
  /// Indices of detections that are too weak to start an object, or show what others show, ascending.
  public var ignored: [Int] = []

  public init() {}
}

/// An object that is followed no more.
public struct EndedTrack: Hashable, Sendable {
  public enum Reason: Hashable, Sendable {
    /// It was out of sight for longer than ``TrackingOptions/heldNanos``.
    case lost
    /// Detections have not shown it ``TrackingOptions/missesToEnd`` times in a row, although it was in sight.
    case unsupported
    /// It is the same thing as an older object.
    case duplicate(of: Int)
    /// There were more than ``TrackingOptions/maximalTracks``.
    case crowdedOut
    /// The owner of the tracker said so.
    case asked
  }

  public var id: Int
  public var reason: Reason

  public init(id: Int, reason: Reason) {
    self.id = id
    self.reason = reason
  }
}
