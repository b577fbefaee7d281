public import BusMessages
public import Geometry
public import SLAM

/// What one segment found out.
public struct SLAMResult: Sendable {
  /// One map, and the frames that were found in it.
  public struct Map: Sendable {
    /// Counts the maps of a run.
    public var number: Int
    /// Of all frames, in the order of their times.
    public var poses: [TimedPose]
    /// Whether lengths are metres, and z is up.
    public var isMetric: Bool
    /// Where on Earth the camera was in each of these frames; none unless ``earth`` is `known`.
    public var positions: [Position]
    public var earth: Earth
  }

  /// Where on Earth a camera was.
  public struct Position: Hashable, Sendable {
    public var nanos: Int64
    public var place: GeodeticPosition
  }

  /// What satellite fixes tell of the place of a map.
  public enum Earth: String, Hashable, Sendable {
    /// There are none.
    case noFixes
    /// Fewer than five at times when the camera's path is known.
    case fewFixes
    /// The path is too short or too straight for their accuracy, or they contradict it.
    case uncertain
    case known
  }

  /// Maps with poses, in the order of their numbers.
  public var maps: [Map]
  /// The last map as it was at the end, in the axes of its poses and for pictures of the video's size.
  public var snapshot: SLAMSnapshot
  /// What its key frames show, where depth was looked for and found.
  public var denseCloud: PointCloud?
  /// Colours of landmarks, by identifier.
  public var colours: [Int: SIMD3<UInt8>]
}
