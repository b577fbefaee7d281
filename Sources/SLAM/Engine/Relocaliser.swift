import Geometry
import Vision

/// Finds the camera again in a map that it lost, wherever in the map it is.
struct Relocaliser {
  let camera: CameraModel

  /// Where the camera is, and which points the picture shows where.
  struct Place {
    var cameraFromWorld: SE3
    var found: [(identifier: Int, pixel: SIMD2<Float>)]
  }

  /// - Returns: `nil` when the picture shows nothing of the map for certain.
  func place(of image: GreyImage, in map: SLAMMap) -> Place? {
    let features = KeyFrameFeatures(of: image, tracks: [], extractor: DescriptorExtractor())
    let recogniser = PlaceRecogniser(camera: camera)
    // The newest key frame is where the camera was lost a moment ago.
    guard
      let place = recogniser.place(of: features, near: map.keyFrames.count - 1, in: map)
        ?? recogniser.place(of: features, in: map)
    else { return nil }
    let found = place.seen.map { (identifier: $0.point, pixel: features.pixels[$0.feature]) }
    return Place(cameraFromWorld: place.cameraFromWorld, found: found)
  }
}
