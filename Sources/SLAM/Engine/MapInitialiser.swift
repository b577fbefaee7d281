import Geometry
import MultiView

/// Makes a first map from two pictures.
struct MapInitialiser {
  let camera: CameraModel

  /// A track that both pictures show.
  struct Pair {
    var identifier: Int
    var first: SIMD2<Double>
    var second: SIMD2<Double>
  }

  /// Two key frames and their points, or `nil` when the pictures do not tell which of several motions was made, or
  /// show too little parallax.
  func map(of pairs: [Pair]) -> SLAMMap? {
    let focal = (camera.focalLength.x + camera.focalLength.y) / 2
    var usable: [(pair: Pair, bearings: BearingPair)] = []
    for pair in pairs {
      guard let first = camera.unproject(pair.first), let second = camera.unproject(pair.second) else { continue }
      usable.append((pair, BearingPair(first: first, second: second)))
    }
    let estimator = RelativePoseEstimator(inlierThreshold: 1.5 / focal)
    let candidates = estimator.estimate(usable.map(\.bearings)).prefix(6).compactMap { pose in
      triangulated(pose, usable)
    }.sorted { $0.cost < $1.cost }
    guard let best = candidates.first, best.map.points.count >= max(40, usable.count / 2) else { return nil }
    // Another motion that explains the pictures as well: wait for more.
    let rival = candidates.dropFirst().first { candidate in
      let difference = candidate.map.keyFrames[1].cameraFromWorld * best.map.keyFrames[1].cameraFromWorld.inverse
      return difference.rotation.angle > 0.02 || difference.translation.norm > 0.2
    }
    if let rival, rival.cost < 1.3 * best.cost { return nil }
    let origins = best.map.keyFrames.map { $0.cameraFromWorld.inverse.translation }
    let parallax = best.map.points.keys.sorted().compactMap { best.map.points[$0] }
      .map { Triangulation.parallax(of: $0.position, from: origins) }.sorted()
    guard parallax[parallax.count / 2] > 0.03 else { return nil }
    return best.map
  }

  /// The points that a relative pose makes of its pairs, with the cost of the pose.
  private func triangulated(
    _ pose: RelativePose, _ usable: [(pair: Pair, bearings: BearingPair)]
  ) -> (map: SLAMMap, cost: Double)? {
    var map = SLAMMap()
    map.keyFrames = [
      KeyFrame(cameraFromWorld: .identity),
      KeyFrame(cameraFromWorld: pose.secondFromFirst),
    ]
    let worldFromSecond = pose.secondFromFirst.inverse
    for index in pose.inliers {
      let (pair, bearings) = usable[index]
      let rays = [
        Triangulation.Ray(worldFromCamera: .identity, bearing: bearings.first),
        Triangulation.Ray(worldFromCamera: worldFromSecond, bearing: bearings.second),
      ]
      guard let position = Triangulation.nearestPoint(to: rays), position.norm < 500 else { continue }
      map.points[pair.identifier] = MapPoint(
        position: position, observations: [(keyFrame: 0, pixel: pair.first), (keyFrame: 1, pixel: pair.second)])
    }
    guard map.points.count >= 30 else { return nil }
    return (map, pose.cost)
  }
}
