public import MediaModel
public import Tracking

/// Finds what moves by itself in a video and follows it: ``MotionDetector`` and `ObjectTracker` as one value.
///
/// An object is reported from the sixth frame on that shows it moving; what stops or hides keeps its identifier where it
/// moves again within two seconds. One owner; the same pictures at the same times give the same objects.
public struct MotionFollower: Sendable {
  private let options: MotionOptions
  private var detector: MotionDetector
  private var tracker = ObjectTracker(Self.tracking)
  private var latestNanos: Int64?
  /// Observations of the latest picture, before they became objects.
  public private(set) var observationCount = 0

  /// Pictures further apart in time are those of another scene, nanoseconds.
  static let longestGapNanos: Int64 = 1_000_000_000

  public init(_ options: MotionOptions = MotionOptions()) {
    self.options = options
    detector = MotionDetector(options)
  }

  /// Focal length as found so far, widths of the picture.
  public var focalLengthInWidths: Double { detector.focalLengthInWidths }

  /// Objects that were started so far.
  public var startedCount: Int { tracker.idCount }

  /// How observations of motion are followed: they come and go, and what stops keeps its identifier for a while. It is
  /// reported only where it was measured: what is not seen to move may stand, and where it is then predicted is wrong.
  public static var tracking: TrackingOptions {
    var options = TrackingOptions()
    options.hitsToConfirm = 6
    options.highScore = 0.5
    options.lowScore = 0.2
    options.heldNanos = 2_000_000_000
    options.predictedNanos = 0
    return options
  }

  /// Finds and follows objects in the next picture.
  /// - Parameter nanos: when it was captured. A step back, or of more than a second, is another scene.
  /// - Returns: the objects, by rising identifier; an identifier is never used again.
  public mutating func find(in picture: Picture, at nanos: Int64) -> [TrackedObject] {
    let step = nanos - (latestNanos ?? nanos)
    if step < 0 || step > Self.longestGapNanos || tracker.resolution.map({ $0 != picture.resolution }) ?? false {
      detector = MotionDetector(options)
      tracker.reset()
    }
    latestNanos = nanos
    tracker.resolution = picture.resolution
    let detection = detector.detect(in: picture)
    observationCount = detection.observations.count
    return tracker.update(detection.observations, at: nanos, imageFromPrevious: detection.imageFromPrevious)
  }
}
