public import MapFormats
public import SLAM

/// What one segment found out.
public struct SLAMResult: Sendable {
  /// One map, and the frames that were found in it.
  public struct Map: Sendable {
    /// Counts the maps of a run.
    public var number: Int
    /// Of all frames, in the order of their times. Metres, and z up, where ``scale`` is trustworthy.
    public var poses: [TimedPose]
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
