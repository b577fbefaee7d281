import Geometry
import MultiView
import Vision

/// Finds the camera again in a map that it lost: by what points look like, and where they must then be.
struct Relocaliser {
  let camera: CameraModel
  /// Points that are compared, the newest.
  static let maximalPoints = 4_000

  /// Where the camera is, and which points the picture shows where.
  struct Place {
    var cameraFromWorld: SE3
    var found: [(identifier: Int, pixel: SIMD2<Float>)]
  }

  /// - Returns: `nil` when the picture shows nothing of the map for certain.
  func place(of image: GreyImage, in map: SLAMMap) -> Place? {
    let known = map.points.keys.sorted().suffix(Self.maximalPoints).compactMap { identifier in
      map.points[identifier].flatMap { point in
        map.descriptor(of: identifier, point).map {
          (identifier: identifier, position: point.position, descriptor: $0)
        }
      }
    }
    let smoothed = image.smoothed
    let extractor = DescriptorExtractor()
    let corners = CornerDetector(cellSize: 14, border: 17).detect(in: image)
    let seen = corners.prefix(1_000).compactMap { corner in
      extractor.descriptor(at: corner.position, in: smoothed).map { (corner.position, $0) }
    }
    let matches = DescriptorMatcher.match(seen.map(\.1), known.map(\.descriptor))
    let observations = matches.map { match in
      let pixel = seen[match.left].0
      return PointObservation(
        pointInWorld: known[match.right].position, pixel: SIMD2(Double(pixel.x), Double(pixel.y)))
    }
    var estimator = AbsolutePoseEstimator()
    estimator.minimalInliers = 20
    guard let estimate = estimator.estimate(observations, camera: camera) else { return nil }
    let found = estimate.inliers.map { index in
      (identifier: known[matches[index].right].identifier, pixel: seen[matches[index].left].0)
    }
    return Place(cameraFromWorld: estimate.cameraFromWorld, found: found)
  }
}
