import Geometry
import MultiView
import Vision

/// Decides whether a picture shows a place of a map, and from where.
///
/// Places that resemble the picture are only proposed; what decides is geometry: a pose from which the points of the
/// place project where the picture shows features like them, most of those that would be in view among them.
struct PlaceRecogniser {
  let camera: CameraModel
  /// Points that must be where the pose says.
  var minimalInliers = 25
  /// Of the points in view, the share that must be there.
  var minimalShare = 0.08
  /// Places that are looked at.
  var candidateCount = 3
  /// Whether places are looked for that the picture shows from much nearer or farther.
  var seeksOtherScales = true
  /// Samples at most, of three matches each. 120 find a pose with which two in five matches agree.
  private static let maximalSamples = 120
  /// Matches with a place that are worth a closer look.
  var minimalMatches = 18
  /// Bits of 256 that may differ before the pose is known.
  private static let maximalDistance = 60
  /// Pixels by which a point may miss its projection.
  private static let tolerance = 3.0

  /// Where a camera is.
  struct Place {
    /// The key frame that resembles the picture.
    var keyFrame: Int
    var cameraFromWorld: SE3
    /// Which features show which points, ascending by feature.
    var seen: [PointLinker.Match]
  }

  /// The place that a picture shows, or `nil` when it shows none for certain.
  /// - Parameter isEligible: key frames that count; others are left out.
  func place(
    of features: KeyFrameFeatures, in map: SLAMMap, where isEligible: (Int) -> Bool = { _ in true }
  ) -> Place? {
    let candidates = candidates(like: features, in: map, where: isEligible)
    for candidate in candidates {
      if let place = place(of: features, near: candidate, in: map) { return place }
    }
    // Seen from much nearer or farther, if at all.
    guard seeksOtherScales, let best = candidates.first else { return nil }
    return place(of: features, near: best, in: map, shift: 1) ?? place(of: features, near: best, in: map, shift: -1)
  }

  /// Key frames that resemble a picture most, the best first.
  func candidates(
    like features: KeyFrameFeatures, in map: SLAMMap, where isEligible: (Int) -> Bool = { _ in true }
  ) -> [Int] {
    map.places.candidates(
      like: features, limit: candidateCount, levels: seeksOtherScales ? 2 : 1, where: isEligible
    ).map(\.keyFrame)
  }

  /// The place that a picture shows whose camera cannot be far from `guess`.
  func place(of features: KeyFrameFeatures, around guess: SE3, in map: SLAMMap) -> Place? {
    let frame = KeyFrame(cameraFromWorld: guess, features: features)
    let nearest = map.keyFrames.count - 1
    let candidates = map.points(near: frame, depth: map.medianDepth(of: nearest), limit: 800)
    let linker = PointLinker(camera: camera, radius: 40, maximalDistance: Self.maximalDistance, ratio: 1)
    let matches = linker.matches(candidates, in: frame, of: map).map { ($0.feature, $0.point) }
    // Few points suffice where the camera must be anyway.
    var lenient = self
    (lenient.minimalInliers, lenient.minimalMatches) = (15, 12)
    return lenient.place(matches, features, nearest, map)
  }

  /// Whether a picture shows what a key frame shows, and from where.
  /// - Parameter shift: how many levels the key frame shows things larger.
  func place(of features: KeyFrameFeatures, near keyFrame: Int, in map: SLAMMap, shift: Int = 0) -> Place? {
    place(matches(features, pointsSeen(around: keyFrame, in: map), shift: shift, map), features, keyFrame, map)
  }

  private func place(
    _ matches: [(feature: Int, point: Int)], _ features: KeyFrameFeatures, _ keyFrame: Int, _ map: SLAMMap
  ) -> Place? {
    guard matches.count >= minimalMatches else { return nil }
    var estimator = AbsolutePoseEstimator()
    estimator.minimalInliers = 12
    estimator.maximalSamples = Self.maximalSamples
    let observations = matches.compactMap { match in
      map.points[match.point].map {
        PointObservation(pointInWorld: $0.position, pixel: features.position(match.feature))
      }
    }
    return estimator.estimate(observations, camera: camera).flatMap {
      confirmed($0.cameraFromWorld, features, keyFrame, map)
    }
  }

  /// A point and the key frame's feature that shows it.
  private struct KnownPoint {
    var identifier: Int
    var keyFrame: Int
    var feature: Int
  }

  /// The points that a key frame and its neighbours see.
  private func pointsSeen(around keyFrame: Int, in map: SLAMMap) -> [KnownPoint] {
    var known: [KnownPoint] = []
    var isKnown: Set<Int> = []
    let places = map.places.keyFrames
    let position = map.places.position(of: keyFrame) ?? 0
    for index in [position, position - 1, position + 1] where places.indices.contains(index) {
      let index = places[index]
      for (feature, owner) in map.keyFrames[index].features.owners.enumerated() {
        guard owner >= 0, map.points[owner] != nil, isKnown.insert(owner).inserted else { continue }
        known.append(KnownPoint(identifier: owner, keyFrame: index, feature: feature))
      }
    }
    return known
  }

  /// Features and points that resemble each other and nothing else.
  /// - Parameter shift: how many levels the key frame shows things larger.
  private func matches(
    _ features: KeyFrameFeatures, _ known: [KnownPoint], shift: Int, _ map: SLAMMap
  ) -> [(feature: Int, point: Int)] {
    let (level, otherLevel) = (max(0, -shift), max(0, shift))
    let left = (0..<features.count).compactMap { feature in
      features.descriptor(feature, level: level).map { (feature, $0) }
    }
    let right = known.compactMap { point in
      map.keyFrames[point.keyFrame].features.descriptor(point.feature, level: otherLevel).map {
        (point.identifier, $0)
      }
    }
    return DescriptorMatcher.match(left.map(\.1), right.map(\.1), maximalDistance: Self.maximalDistance, ratio: 0.9)
      .map { (left[$0.left].0, right[$0.right].0) }
  }

  /// Looks for all points in view from a pose, and improves the pose with what it finds.
  private func confirmed(_ start: SE3, _ features: KeyFrameFeatures, _ keyFrame: Int, _ map: SLAMMap) -> Place? {
    var frame = KeyFrame(cameraFromWorld: start, features: features)
    var place: Place?
    for radius in [10.0, 5] {
      let candidates = map.points(near: frame, depth: map.medianDepth(of: keyFrame), limit: 800)
      let linker = PointLinker(camera: camera, radius: radius, maximalDistance: 55, ratio: 0.9)
      let matches = linker.matches(candidates, in: frame, of: map)
      let observations = matches.compactMap { match in
        map.points[match.point].map {
          PointObservation(pointInWorld: $0.position, pixel: features.position(match.feature))
        }
      }
      guard
        let refined = PoseRefiner().refine(observations, camera: camera, start: frame.cameraFromWorld)
      else { return nil }
      frame.cameraFromWorld = refined.cameraFromWorld
      let seen = zip(matches, observations).filter { fits($0.1, refined.cameraFromWorld) }.map(\.0)
      let inView = candidates.count { linker.isInView($0, of: frame, in: map) }
      guard seen.count >= minimalInliers, Double(seen.count) >= minimalShare * Double(inView) else { return nil }
      place = Place(keyFrame: keyFrame, cameraFromWorld: refined.cameraFromWorld, seen: seen)
    }
    return place
  }

  private func fits(_ observation: PointObservation, _ cameraFromWorld: SE3) -> Bool {
    guard let pixel = camera.project(cameraFromWorld * observation.pointInWorld) else { return false }
    let residual = pixel - observation.pixel
    return (residual * residual).sum() <= Self.tolerance * Self.tolerance
  }
}
