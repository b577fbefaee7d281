public import MediaModel
import Tracking

/// Finds what moves by itself in a video and follows it: ``MotionDetector``, and objects that are followed by their pixels.
///
/// An object is reported once it is likely one, mostly after some frames. While its pixels are found it is reported for up to
/// half a second in which its motion cannot be told from rest; what is hidden keeps its identifier where it is found again
/// within two seconds. Boxes and masks are those of the object over the last frames, not of one. One owner; the same pictures
/// at the same times give the same objects. Memory is bounded: the latest 13 pictures at working size and 128 objects.
public struct MotionFollower: Sendable {
  /// The label of all objects.
  public static let label = "moving object"

  private let options: MotionOptions
  private(set) var detector: MotionDetector
  private var objects = MovingObjects()
  private var resolution: Resolution?
  private var latestNanos: Int64?
  /// Pixels of the whole picture in one of the working picture, either way.
  private var scale = 1
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

  /// Whether ``samples`` have what the net reads.
  package var keepsSamples: Bool {
    get { objects.keepsSamples }
    set { objects.keepsSamples = newValue }
  }

  /// What objects, also those that are not reported, were judged by in the latest picture.
  package var samples: [MotionSample] { objects.samples(scale: Float(scale)) }

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
    scale = working.scale
    let found = detector.look(at: working, of: picture.resolution)
    observationCount = found.findings.count
    objects.advance(to: working, found)
    return objects.tracked(scale: working.scale, resolution: picture.resolution)
  }
}
