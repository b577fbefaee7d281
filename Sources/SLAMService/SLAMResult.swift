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
