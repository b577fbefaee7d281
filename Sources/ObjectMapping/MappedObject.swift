public import Geometry

/// An object that is somewhere in the world.
public struct MappedObject: Hashable, Sendable {
  /// What its place follows from.
  public enum Method: String, Hashable, Sendable, CaseIterable {
    /// Points of the map that lie in its mask.
    case depth
    /// Rays from several places.
    case triangulation
    /// The ground that it stands on.
    case ground
  }

  /// Stays the same as long as the object is kept; never used again.
  public var id: Int
  /// By the vote of all sightings.
  public var label: String
  /// The tracks that it was seen as, the newest last.
  public var tracks: [Int]
  /// The map that it is in.
  public var map: Int
  /// The middle of what is seen of it: metres with z up where ``isMetric``, else in the map's own axes and unit.
  public var position: SIMD3<Double>
  /// Of the position, in the same axes.
  public var covariance: Matrix3
  public var method: Method
  public var isMetric: Bool
  public var place: GeodeticPosition?
  /// Of the place: east, north, up, m². With what the map's place on Earth may be off by.
  public var placeCovariance: Matrix3?
  /// Metres or units of the map a second; zero for what stands.
  public var velocity: SIMD3<Double>
  public var isMoving: Bool
  /// Capture times, nanoseconds.
  public var firstSeen: Int64
  public var lastSeen: Int64
  /// Frames it was seen in.
  public var observations: Int
  /// How wide and high it appears, metres or units of the map.
  public var size: SIMD2<Double>
}
