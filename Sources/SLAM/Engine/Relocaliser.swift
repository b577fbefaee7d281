import Geometry

/// Finds the camera again in a map that it lost, wherever in the map it is, or in a map that was given up before.
struct Relocaliser {
  let camera: CameraModel

  /// Where the camera is, and which points the picture shows where.
  struct Place {
    /// `nil` for the present map.
    var map: Int?
    /// The key frame that resembles the picture.
    var keyFrame: Int
    var cameraFromWorld: SE3
    var found: [(identifier: Int, pixel: SIMD2<Float>)]
  }

  /// - Parameters:
  ///   - map: the present map.
  ///   - atlas: earlier maps, of which one is looked at each time.
  ///   - lastPose: where the camera was a moment ago, camera from world.
  /// - Returns: `nil` when the picture shows nothing of the maps for certain.
  func place(of features: KeyFrameFeatures, in map: SLAMMap, _ atlas: inout MapAtlas, lastPose: SE3?) -> Place? {
    let recogniser = PlaceRecogniser(camera: camera)
    func place(_ found: PlaceRecogniser.Place, map: Int? = nil) -> Place {
      Place(
        map: map, keyFrame: found.keyFrame, cameraFromWorld: found.cameraFromWorld,
        found: found.seen.map { ($0.point, features.pixels[$0.feature]) })
    }
    if let lastPose, let found = recogniser.place(of: features, around: lastPose, in: map) { return place(found) }
    if let found = recogniser.place(of: features, in: map) { return place(found) }
    return atlas.nextPlace(of: features, camera: camera).map { place($0.place, map: $0.number) }
  }
}
