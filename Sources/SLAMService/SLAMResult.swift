public import Geometry
public import MapFormats
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
    /// Where on earth the camera was, for each pose; `nil` where that is not known.
    public var places: [GeodeticPosition?]
  }

  /// Maps with poses, the one with the most frames first.
  public var maps: [Map]
  /// The last map as it was at the end, in the axes of its poses.
  public var snapshot: SLAMSnapshot
  /// Colours of landmarks, by identifier.
  public var colours: [Int: SIMD3<UInt8>]
  /// Frames that were looked at.
  public var frameCount: Int
}
