public import MediaModel
import Tracking

/// Finds what moves by itself in a video and follows it: ``MotionDetector`` and `ObjectTracker` as one value.
///
/// An object is reported from the sixth frame on that shows it moving; what stops or hides keeps its identifier where it
/// moves again within two seconds. One owner; the same pictures at the same times give the same objects.
public struct MotionFollower: Sendable {
  private let options: MotionOptions
  private(set) var detector: MotionDetector
  private var objects = MovingObjects()
  private var resolution: Resolution?
  private var latestNanos: Int64?
  /// Groups of the latest picture that move, before they became objects.
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
  public var startedCount: Int { objects.lastID }

  /// Finds and follows objects in the next picture.
  /// - Parameter nanos: when it was captured. A step back, or of more than a second, is another scene.
  /// - Returns: the objects, by rising identifier; an identifier is never used again.
  public mutating func find(in picture: Picture, at nanos: Int64) -> [TrackedObject] {
    let step = nanos - (latestNanos ?? nanos)
    if step < 0 || step > Self.longestGapNanos || resolution.map({ $0 != picture.resolution }) ?? false {
      detector = MotionDetector(options)
      objects.reset()
    }
    latestNanos = nanos
    resolution = picture.resolution
    let working = WorkingPicture(picture, workingWidth: options.workingWidth)
    let found = detector.look(at: working, of: picture.resolution)
    observationCount = found.findings.count
    objects.advance(to: working, found)
    return objects.tracked(scale: working.scale, resolution: picture.resolution)
  }
}
