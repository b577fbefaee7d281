public import Segmentation
public import Tracking

/// How objects that a sentence names are found and followed.
public struct GroundedOptions: Hashable, Sendable {
  /// Frames from one search for objects to the next, where nothing happens.
  public var detectionInterval = 15
  /// Frames from one search to the next at least, where an object went out of sight.
  public var minimalDetectionGap = 5
  /// Mean change of the picture's brightness in 8×8 cells from one frame to the next, from which it is another scene, grey
  /// levels.
  public var sceneChange = 24.0
  public var segmentation = SegmentationOptions()
  public var tracking = TrackingOptions()
  /// How live streams are kept up with.
  public var pace = PaceOptions()

  public init() {}
}

/// How the networks share the time there is on a live stream.
public struct PaceOptions: Hashable, Sendable {
  /// How old a mask may become until its object is looked for again, nanoseconds.
  public var maskAgeNanos: Int64 = 1_000_000_000
  /// How long a search for objects may take until a network of a smaller picture is chosen, nanoseconds.
  public var detectionNanos: Int64 = 1_500_000_000
  /// Share of the time that searches may take.
  public var detectionShare = 0.5
  /// How little an object may have changed, as ``LiveTracker`` measures it, until it is looked for again.
  public var restfulChange = 0.15

  public init() {}
}
