/// How ``ObjectTracker`` decides.
public struct TrackingOptions: Hashable, Sendable {
  // MARK: Observations

  /// Observations from this score on are associated first, and only they start objects, 0…1.
  public var highScore: Float = 0.5
  /// Observations below this score are not looked at, 0…1.
  public var lowScore: Float = 0.1
  /// Observations of one frame; the weakest beyond are not looked at.
  public var maximalObservations = 512
  /// Intersection over union from which a detection can be an object that is followed, whatever its motion says.
  public var minimalOverlap: Float = 0.3

  /// Deviation of an observed centre or side, in sizes of the object (square roots of its area).
  public var jitter: Float = 0.06

  // MARK: Life of an object

  /// Frames that must show a new object until it is reported, in ``ObjectTracker/update(_:at:imageFromPrevious:)``.
  public var hitsToConfirm = 3
  /// An observation of this score confirms a new object at once.
  public var certainScore: Float = .infinity
  /// How long an object that is not seen is kept, nanoseconds.
  public var heldNanos: Int64 = 1_500_000_000
  /// How long an object that is not seen is still reported where it should be, nanoseconds.
  public var predictedNanos: Int64 = 500_000_000
  /// Observations that an object must have had to be reported where it should be.
  public var hitsToPredict = 5
  /// How long after its end an object can come back under its old id, by its appearance, nanoseconds.
  public var remembranceNanos: Int64 = 5_000_000_000
  /// Similarity of appearances, 0…1, from which what ended can be what is found now.
  public var returnSimilarity: Float = 0.75
  /// How long two objects lie on one another until they are one, nanoseconds.
  public var duplicateNanos: Int64 = 600_000_000
  /// Share of the smaller that lies in the larger from which two objects may be one.
  public var duplicateOverlap: Float = 0.8

  // MARK: Where masks are followed

  /// Detections that must show a new object until it is reported.
  public var detectionsToConfirm = 1
  /// Detections in a row that do not show an object that is in sight, until it ends; up to twice as many for an object
  /// that many detections showed.
  public var missesToEnd = 4
  /// Intersection over union below which a matched object's follower needs a prompt.
  public var promptOverlap: Float = 0.5

  // MARK: Bounds

  /// Objects at a time, and as many again that are remembered.
  public var maximalTracks = 256
  /// How far back detections may lie, frames.
  public var historyFrames = 256
  /// Memory for the masks of those frames, runs of all objects together (8 bytes each).
  public var historyRuns = 4_000_000

  public init() {}
}
