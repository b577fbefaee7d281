import BusMessages
public import ExportFormats
import Geometry
public import MediaModel
public import SessionEvents

/// What is in a session, in numbers. Events go in by their times; memory grows with the positions only.
public struct SessionSummary: Sendable {
  /// The kinds of events that are counted.
  public enum Kind: String, CaseIterable, Hashable, Sendable {
    case video, imu, gps, poses, objects, points, places, identifications, log
  }

  /// Of one kind.
  public struct Span: Hashable, Sendable {
    public var count = 0
    public var first: WallTime
    public var last: WallTime
    /// The longest time from one to the next.
    public var longestPause = Nanoseconds.zero

    /// From the first to the last, events a second; `nil` of fewer than two.
    public var perSecond: Double? {
      let length = last.since(first).seconds
      return count > 1 && length > 0 ? Double(count - 1) / length : nil
    }
  }

  /// A time without video.
  public struct Gap: Hashable, Sendable {
    public var from: WallTime
    public var length: Nanoseconds
  }

  /// Video that is away for so long is a gap.
  public static let longestPause = Nanoseconds.seconds(1)
  /// Gaps that are kept.
  private static let gapLimit = 1_000

  public private(set) var spans: [Kind: Span] = [:]
  public private(set) var gaps: [Gap] = []
  public private(set) var keyFrames = 0
  /// Objects by their identifiers.
  public private(set) var objects: Set<Int> = []
  /// Those of them that were somewhere in the world, by their identifiers there.
  public private(set) var places: Set<Int> = []
  /// Points of the last cloud.
  public private(set) var points = 0
  public private(set) var track: FlightTrack
  /// Of the poses, in the unit of their map.
  public private(set) var pathLength = 0.0
  /// Maps that poses are in, by their numbers.
  public private(set) var maps: Set<Int> = []
  /// Poses in metres.
  public private(set) var metricPoses = 0
  private var lastPose: SessionEvent.Pose?

  /// - Parameter name: of the session.
  public init(name: String) { track = FlightTrack(name: name) }

  /// From the first event that counts to the last.
  public var range: (first: WallTime, last: WallTime)? {
    guard let first = spans.values.map(\.first).min(), let last = spans.values.map(\.last).max() else { return nil }
    return (first, last)
  }

  public mutating func add(_ event: SessionEvent) {
    switch event {
    case .video(let video):
      if let last = spans[.video]?.last, video.time.since(last) > Self.longestPause, gaps.count < Self.gapLimit {
        gaps.append(Gap(from: last, length: video.time.since(last)))
      }
      if video.isKeyFrame { keyFrames += 1 }
      count(.video, video.time)
    case .motion(let motion): count(.imu, motion.time)
    case .location(let location):
      count(.gps, location.time)
      track.add(location)
    case .pose(let pose):
      count(.poses, pose.time)
      if let lastPose, lastPose.map == pose.map {
        let way = pose.worldFromCamera.translation - lastPose.worldFromCamera.translation
        pathLength += (way * way).sum().squareRoot()
      }
      lastPose = pose
      maps.insert(pose.map)
      if pose.isMetric { metricPoses += 1 }
    case .objects(let frame):
      count(.objects, frame.time)
      objects.formUnion(frame.objects.map(\.id))
    case .points(let time, let cloud):
      count(.points, time)
      points = cloud.points.count
    case .identification(let result): count(.identifications, result.time)
    case .log(let log): count(.log, log.time)
    case .places(let places, let time):
      count(.places, time)
      self.places.formUnion(places.map(\.object))
    case .videoWasCut, .camera: break
    }
  }

  private mutating func count(_ kind: Kind, _ time: WallTime) {
    var span = spans[kind] ?? Span(first: time, last: time)
    span.count += 1
    span.longestPause = max(span.longestPause, time.since(span.last))
    span.first = min(span.first, time)
    span.last = max(span.last, time)
    spans[kind] = span
  }
}
