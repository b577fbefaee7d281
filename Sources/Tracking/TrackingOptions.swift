/// How ``ObjectTracker`` decides.
public struct TrackingOptions: Hashable, Sendable {
  /// Observations from this score on are associated first, and only they start objects, 0…1.
  public var highScore: Float = 0.5
  /// Observations below this score are not looked at, 0…1.
  public var lowScore: Float = 0.1
  /// Observations that a new object needs, in frames in a row, until it is reported.
  public var hitsToConfirm = 3
  /// Detections that a new object needs until it is reported, where masks are followed.
  public var detectionsToConfirm = 1
  /// How long an object that is not seen is kept, nanoseconds.
  public var heldNanos: Int64 = 1_500_000_000
  /// How long an object that is not seen is still reported where it should be, nanoseconds.
  public var predictedNanos: Int64 = 500_000_000
  /// How long after its end an object can come back under its old id, nanoseconds.
  public var remembranceNanos: Int64 = 5_000_000_000
  /// Detections in a row that do not show an object that is in sight, until it ends.
  public var missesToEnd = 4
  /// Intersection over union from which a detection can be an object that is followed.
  public var minimalOverlap: Float = 0.3
  /// Intersection over union below which a matched object's follower needs a prompt.
  public var promptOverlap: Float = 0.5
  /// Share of the smaller in the larger from which two objects of compatible labels are one.
  public var duplicateOverlap: Float = 0.8
  /// Objects at a time.
  public var maximalTracks = 256
  /// Observations of one frame; the weakest beyond are not looked at.
  public var maximalObservations = 512
  /// How far back detections may lie, frames.
  public var historyFrames = 256

  public init() {}
}
