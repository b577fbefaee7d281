import Geometry
import MultiView

/// Makes a first map from several pictures.
///
/// Two of them, far apart, tell how the camera may have moved; planes, and small motions, often leave more than one
/// answer. Each answer is then tried on the pictures in between: poses and points are adjusted together, and the answer
/// that explains all pictures best is taken, if no other comes near.
struct MapInitialiser {
  let camera: CameraModel
  /// Pixels by which a right track may miss: more where the camera is a guess.
  var tolerance = 1.5

  /// Where tracks are in one picture.
  typealias View = [(identifier: Int, pixel: SIMD2<Double>)]

  /// Worth of an answer: the map of the first and the last view, and the mean robust cost of an observation, pixels².
  private struct Answer {
    var map: SLAMMap
    var cost: Double
  }

  /// By how much another answer must be worse.
  private static let certainty = 1.25

  /// Two key frames, the first and the last view, and their points.
  /// - Parameters:
  ///   - views: in the order of their times, at least two.
  /// - Returns: `nil` when the pictures do not tell which of several motions was made, or show too little parallax.
  func map(of views: [View]) -> SLAMMap? {
    guard let first = views.first, let last = views.last, views.count >= 2 else { return nil }
    let starts = Dictionary(first.map { ($0.identifier, $0.pixel) }, uniquingKeysWith: { first, _ in first })
    var pairs: [(identifier: Int, bearings: BearingPair)] = []
    for seen in last {
      guard let start = starts[seen.identifier], let before = camera.unproject(start),
        let now = camera.unproject(seen.pixel)
      else { continue }
      pairs.append((seen.identifier, BearingPair(first: before, second: now)))
    }
    let focal = (camera.focalLength.x + camera.focalLength.y) / 2
    let poses = RelativePoseEstimator(inlierThreshold: tolerance / focal).estimate(pairs.map(\.bearings))
    var different: [RelativePose] = []
    for pose in poses where different.count < 4 && !different.contains(where: { isAlike($0, pose) }) {
      different.append(pose)
    }
    let answers = different.compactMap { answer($0, pairs, views) }.sorted { $0.cost < $1.cost }
    guard let best = answers.first, best.cost < tolerance * tolerance,
      best.map.points.count >= max(40, pairs.count / 2)
    else { return nil }
    let rival = answers.dropFirst().first { !isAlike($0, best) }
    if let rival, rival.cost < Self.certainty * best.cost + 0.005 { return nil }
    let origins = best.map.keyFrames.map { $0.cameraFromWorld.inverse.translation }
    let parallax = best.map.points.identifiers.compactMap { best.map.points[$0] }
      .map { Triangulation.parallax(of: $0.position, from: origins) }.sorted()
    guard parallax[parallax.count / 2] > 0.03 else { return nil }
    return best.map
  }

  private func isAlike(_ a: RelativePose, _ b: RelativePose) -> Bool {
    isAlike(a.secondFromFirst, b.secondFromFirst)
  }

  private func isAlike(_ a: Answer, _ b: Answer) -> Bool {
    isAlike(a.map.keyFrames[1].cameraFromWorld, b.map.keyFrames[1].cameraFromWorld)
  }

  private func isAlike(_ a: SE3, _ b: SE3) -> Bool {
    (a.rotation.inverse * b.rotation).angle < 0.02
      && (a.translation.normalized - b.translation.normalized).norm < 0.2
  }

  /// The map that a motion makes of all views, adjusted, with its cost.
  private func answer(
    _ motion: RelativePose, _ pairs: [(identifier: Int, bearings: BearingPair)], _ views: [View]
  ) -> Answer? {
    let worldFromLast = motion.secondFromFirst.inverse
    var indices: [Int: Int] = [:]
    var points: [SIMD3<Double>] = []
    for index in motion.inliers {
      let rays = [
        Triangulation.Ray(worldFromCamera: .identity, bearing: pairs[index].bearings.first),
        Triangulation.Ray(worldFromCamera: worldFromLast, bearing: pairs[index].bearings.second),
      ]
      guard let position = Triangulation.nearestPoint(to: rays), position.norm < 500 else { continue }
      indices[pairs[index].identifier] = points.count
      points.append(position)
    }
    guard points.count >= 30,
      var problem = problem(points, indices, views, cameraFromWorldOfLast: motion.secondFromFirst)
    else { return nil }
    var adjuster = BundleAdjuster()
    adjuster.iterations = 12
    adjuster.adjust(&problem)
    // A second time without what does not fit.
    let all = problem.observations.count
    problem.observations = problem.observations.filter { problem.squaredError(of: $0) <= 9 }
    adjuster.adjust(&problem)
    // What is left out, and tracks that made no point, are not explained.
    let unexplained = all - problem.observations.count + (pairs.count - points.count) * views.count
    let total = problem.observations.reduce(Double(unexplained) * adjuster.kernel.cost(squaredResidual: 9)) {
      $0 + adjuster.kernel.cost(squaredResidual: min(problem.squaredError(of: $1), 9))
    }
    let count = all + (pairs.count - points.count) * views.count
    return map(of: problem, indices).map { Answer(map: $0, cost: total / Double(count)) }
  }

  /// Poses of all views that see the points; the first view's stays.
  private func problem(
    _ points: [SIMD3<Double>], _ indices: [Int: Int], _ views: [View], cameraFromWorldOfLast: SE3
  ) -> BundleProblem? {
    var poses: [SE3] = []
    var observations: [BundleProblem.Observation] = []
    for (number, view) in views.enumerated() {
      let seen = view.compactMap { seen in indices[seen.identifier].map { ($0, seen.pixel) } }
      var pose = number == 0 ? SE3.identity : cameraFromWorldOfLast
      if number > 0, number < views.count - 1 {
        let known = seen.map { PointObservation(pointInWorld: points[$0.0], pixel: $0.1) }
        guard let refined = PoseRefiner().refine(known, camera: camera, start: poses[number - 1]) else { return nil }
        pose = refined.cameraFromWorld
      }
      poses.append(pose)
      observations += seen.map { .init(pose: number, point: $0.0, pixel: $0.1) }
    }
    return BundleProblem(
      camera: camera, poses: poses, isFixed: poses.indices.map { $0 == 0 }, points: points, observations: observations)
  }

  /// The first and the last view as key frames, at distance 1, with the points that both see.
  private func map(of problem: BundleProblem, _ indices: [Int: Int]) -> SLAMMap? {
    let lastPose = problem.poses.count - 1
    let distance = problem.poses[lastPose].translation.norm
    guard distance > 1e-6 else { return nil }
    var sightings = [[(keyFrame: Int, pixel: SIMD2<Double>)]](repeating: [], count: problem.points.count)
    for seen in problem.observations where seen.pose == 0 || seen.pose == lastPose {
      sightings[seen.point].append((seen.pose == 0 ? 0 : 1, seen.pixel))
    }
    var map = SLAMMap()
    var last = problem.poses[lastPose]
    last.translation /= distance
    map.keyFrames = [KeyFrame(cameraFromWorld: .identity), KeyFrame(cameraFromWorld: last)]
    for (identifier, index) in indices.sorted(by: { $0 < $1 }) where sightings[index].count == 2 {
      map.points[identifier] = MapPoint(position: problem.points[index] / distance, observations: sightings[index])
    }
    return map.points.count >= 30 ? map : nil
  }
}
