import Geometry
import Vision

/// Finds points of the map in a key frame that was not known to show them, and joins what turns out to be one point.
///
/// A point is looked for around its projection, and must resemble the feature there more than any other feature does.
/// Source: Mur-Artal, Montiel, Tardós 2015, "ORB-SLAM", §V-D (local map) and §VII-B (fusion).
struct PointLinker {
  let camera: CameraModel
  /// How far from its projection a point is looked for, pixels.
  var radius = 6.0
  /// Bits of 256 that may differ.
  var maximalDistance = 50
  /// Distance of the best over that of the second, at most.
  var ratio = 0.85
  /// Cosine of the angle between the rays from which a point is recognised.
  private static let minimalCosine = 0.6

  /// A point and the feature that shows it.
  struct Match {
    var point: Int
    var feature: Int
    var distance: Int
  }

  /// What was joined.
  struct Result {
    /// Points that were found to be one, the one that is gone first.
    var renamed: [(from: Int, to: Int)] = []
    /// Points that are seen where nothing was followed.
    var found: [(identifier: Int, pixel: SIMD2<Float>)] = []
    var count = 0
  }

  /// Looks for points in a key frame, and joins them with what they are found to be.
  @discardableResult
  func link(_ candidates: [Int], into keyFrame: Int, of map: inout SLAMMap) -> Result {
    var result = Result()
    let unseen = candidates.filter { map.points[$0]?.isSeen(by: keyFrame) == false }
    for match in matches(unseen, in: map.keyFrames[keyFrame], of: map) { join(match, keyFrame, &map, &result) }
    return result
  }

  /// Points and the features that show them, each at most once, ascending by feature.
  func matches(_ candidates: [Int], in frame: KeyFrame, of map: SLAMMap) -> [Match] {
    var best = [Match?](repeating: nil, count: frame.features.count)
    for identifier in candidates {
      guard let point = map.points[identifier], let match = match(identifier, point, frame, map) else { continue }
      if match.distance < best[match.feature]?.distance ?? .max { best[match.feature] = match }
    }
    return best.compactMap { $0 }
  }

  private func match(_ identifier: Int, _ point: MapPoint, _ frame: KeyFrame, _ map: SLAMMap) -> Match? {
    let pointInCamera = frame.cameraFromWorld * point.position
    guard let pixel = camera.project(pointInCamera), camera.contains(pixel: pixel),
      let view = map.bestView(of: identifier, point, from: frame), view.cosine >= Self.minimalCosine
    else { return nil }
    // What is twice as far shows on half the level.
    let shift = Int((binaryLogarithm(pointInCamera.norm / view.distance)).rounded())
    guard abs(shift) < KeyFrameFeatures.levelCount else { return nil }
    let other = map.keyFrames[view.keyFrame].features
    var (best, second, bestFeature) = (256, 256, -1)
    frame.features.near(pixel, radius: radius) { feature in
      let distance = frame.features.distance(feature, other, view.feature, shift: shift)
      if distance < best {
        (second, best, bestFeature) = (best, distance, feature)
      } else if distance < second {
        second = distance
      }
    }
    guard bestFeature >= 0, best <= maximalDistance, Double(best) <= ratio * Double(second) else { return nil }
    return Match(point: identifier, feature: bestFeature, distance: best)
  }

  /// Whether a frame looks at a point from a direction in which it is known.
  func isInView(_ identifier: Int, of frame: KeyFrame, in map: SLAMMap) -> Bool {
    guard let point = map.points[identifier], let pixel = camera.project(frame.cameraFromWorld * point.position)
    else { return false }
    return camera.contains(pixel: pixel)
      && map.bestView(of: identifier, point, from: frame).map { $0.cosine >= Self.minimalCosine } ?? false
  }

  private func join(_ match: Match, _ keyFrame: Int, _ map: inout SLAMMap, _ result: inout Result) {
    let owner = map.keyFrames[keyFrame].features.owners[match.feature]
    // An earlier match may have joined the point with another.
    guard owner != match.point, let point = map.points[match.point], !point.isSeen(by: keyFrame) else { return }
    if owner >= 0, map.points[owner] != nil {
      let (gone, kept) = (max(owner, match.point), min(owner, match.point))
      guard map.join(gone, into: kept, camera: camera, tolerance: radius) else { return }
      result.renamed.append((gone, kept))
    } else if owner >= 0 {
      map.adopt(track: owner, by: match.point, newest: keyFrame, camera: camera, tolerance: radius)
      result.renamed.append((owner, match.point))
    } else {
      let features = map.keyFrames[keyFrame].features
      map.observe(match.point, in: keyFrame, feature: match.feature)
      result.found.append((match.point, features.pixels[match.feature]))
    }
    result.count += 1
  }
}
