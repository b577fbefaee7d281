public import MaskRefinement
public import Tracking

/// How ``BoxFinder`` works.
public struct BoxFinderOptions: Hashable, Sendable {
  public var tracking: TrackingOptions
  public var refiner = MaskRefiner()
  /// Masks that are made anew in a picture of a live stream; the other objects keep theirs, moved with their boxes.
  public var masksPerLivePicture = 4

  public init() {
    tracking = TrackingOptions()
    // The detector is small and often wrong for a frame or two.
    tracking.jitter = 0.15
    tracking.lowScore = 0.35
    tracking.highScore = 0.5
    tracking.hitsToConfirm = 4
    // A single picture shows something, too.
    tracking.certainScore = 0.75
    tracking.predictedNanos = 300_000_000
    tracking.hitsToPredict = 10
  }
}
