public import Geometry

/// Which views to compare a key frame with.
public enum NeighbourChoice {
  /// Angles between the rays of two views that give depth and still look alike, radians: 1° to 15°.
  static let angles = (0.0175, 0.262)
  /// The angle that suits best, 5°.
  static let bestAngle = 0.087
  /// Share of the reference's landmarks that a neighbour has to see.
  static let minimalOverlap = 0.3

  /// Indices of the best candidates, best first.
  ///
  /// A candidate counts by the share of the reference's landmarks that it sees, times how well the median angle between
  /// the two views' rays suits; outside 1°…15°, and with an overlap below 0.3, it does not count at all. Of candidates
  /// on the same side of the reference the second and further count less, so that occlusions differ.
  /// - Parameters:
  ///   - reference: camera-from-world of the key frame.
  ///   - candidates: camera-from-world of the others.
  ///   - landmarks: points of the map, in the world.
  public static func choose(
    reference: SE3, candidates: [SE3], landmarks: [SIMD3<Double>], count: Int, camera: CameraModel
  ) -> [Int] {
    let seen = landmarks.filter { isSeen($0, reference, camera) }
    guard !seen.isEmpty, count > 0 else { return [] }
    let centre = reference.inverse.translation
    var rated: [(index: Int, score: Double, side: SIMD3<Double>)] = []
    for (index, candidate) in candidates.enumerated() {
      guard let score = score(candidate, from: centre, seen, camera) else { continue }
      rated.append((index, score, (candidate.inverse.translation - centre).normalized))
    }
    var chosen: [Int] = []
    while chosen.count < count, let best = rated.indices.max(by: { isBetter(rated[$1], than: rated[$0]) }) {
      let taken = rated.remove(at: best)
      chosen.append(taken.index)
      for index in rated.indices where rated[index].side.dot(taken.side) > 0.5 { rated[index].score *= 0.7 }
    }
    return chosen
  }

  private typealias Rated = (index: Int, score: Double, side: SIMD3<Double>)

  private static func isBetter(_ a: Rated, than b: Rated) -> Bool {
    a.score != b.score ? a.score > b.score : a.index < b.index
  }

  private static func isSeen(_ landmark: SIMD3<Double>, _ cameraFromWorld: SE3, _ camera: CameraModel) -> Bool {
    guard let pixel = camera.project(cameraFromWorld * landmark) else { return false }
    return camera.contains(pixel: pixel)
  }

  private static func score(
    _ candidate: SE3, from centre: SIMD3<Double>, _ landmarks: [SIMD3<Double>], _ camera: CameraModel
  ) -> Double? {
    let shared = landmarks.filter { isSeen($0, candidate, camera) }
    let overlap = Double(shared.count) / Double(landmarks.count)
    guard overlap >= minimalOverlap else { return nil }
    let other = candidate.inverse.translation
    // Twice the sine of half the angle, which is the angle up to 0.3 % at 15°.
    let sorted = shared.map { ((($0 - centre).normalized) - ($0 - other).normalized).norm }.sorted()
    let angle = sorted[sorted.count / 2]
    guard angle >= angles.0, angle <= angles.1 else { return nil }
    return overlap * min(angle / bestAngle, bestAngle / angle)
  }
}
