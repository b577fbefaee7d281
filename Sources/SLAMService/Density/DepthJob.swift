internal import DepthMaps
internal import Geometry
internal import MediaModel

/// A key frame whose depth is wanted, with all that it takes.
struct DepthJob: Sendable {
  var frameNumber: Int
  var nanos: Int64
  /// Number of the map, of all that the service has begun.
  var map: Int
  var camera: CameraModel
  var reference: DepthView
  var neighbours: [DepthView]
  /// World coordinates.
  var landmarks: [SIMD3<Double>]
  /// Where the points' colours come from.
  var picture: Picture
}

/// What was found out about a key frame.
struct KeyFrameDepth: Sendable {
  var frameNumber: Int
  var nanos: Int64
  var map: Int
  /// Camera coordinates, in the map's unit of length.
  var cloud: KeyFrameCloud
}
