public import Geometry
import Vision

/// The maps that were given up, kept so that the camera may come back to them.
///
/// Source: Campos et al. 2021, "ORB-SLAM3", §VI (there the atlas holds the active map too).
package struct MapAtlas {
  /// Maps that can be recognised. Of older ones only the poses of key frames stay.
  private static let maximalMaps = 8
  /// Key frames that can be recognised, and points, over all maps.
  private let maximalKeyFrames: Int
  private let maximalPoints: Int

  private var maps: [Int: SLAMMap] = [:]
  /// Numbers of maps that can be recognised, the newest last.
  private var recognisable: [Int] = []
  /// Which of them is looked at next.
  private var turn = 0

  package init(_ options: SLAMOptions) {
    maximalKeyFrames = options.maximalKeyFrames / 2
    maximalPoints = options.maximalPoints
  }

  /// The number of a map that is never forgotten.
  var pinned: Int?

  var isEmpty: Bool { recognisable.isEmpty }
  /// Those that can be recognised, the oldest first.
  package var all: [SLAMMap] { recognisable.compactMap { maps[$0] } }
  /// Key frames that can be recognised.
  package var keyFrameCount: Int { all.reduce(0) { $0 + $1.places.keyFrames.count } }

  package func keyFrames(of number: Int) -> [KeyFrame] { maps[number]?.keyFrames ?? [] }

  /// The maps that can be recognised, with their numbers.
  var recognisableMaps: [(number: Int, map: SLAMMap)] {
    recognisable.compactMap { number in maps[number].map { (number, $0) } }
  }

  /// Keeps a map.
  package mutating func store(_ map: SLAMMap, number: Int) {
    var map = map
    map.limitKeyFrames(to: maximalKeyFrames, keeping: 0)
    maps[number] = map
    guard !map.points.isEmpty else { return }
    recognisable.removeAll { $0 == number }
    recognisable.append(number)
    func isTooLarge() -> Bool {
      keyFrameCount > maximalKeyFrames || all.reduce(0) { $0 + $1.points.count } > maximalPoints
    }
    while recognisable.count > Self.maximalMaps || (recognisable.count > 1 && isTooLarge()) {
      guard let oldest = recognisable.firstIndex(where: { $0 != pinned }) else { break }
      let forgotten = recognisable.remove(at: oldest)
      var poses = SLAMMap()
      poses.keyFrames = keyFrames(of: forgotten).map { KeyFrame(cameraFromWorld: $0.cameraFromWorld) }
      maps[forgotten] = poses
    }
  }

  /// Forgets the poses of maps that no frame hangs on any more.
  package mutating func forget(except used: Set<Int>) {
    maps = maps.filter { used.contains($0.key) || recognisable.contains($0.key) }
  }

  /// Hands a map over, to be the present one.
  mutating func take(_ number: Int) -> SLAMMap? {
    recognisable.removeAll { $0 == number }
    return maps.removeValue(forKey: number)
  }

  /// Looks at one of the maps, each time at the next, for the place that features show.
  mutating func nextPlace(of features: KeyFrameFeatures, camera: CameraModel)
    -> (number: Int, place: PlaceRecogniser.Place)?
  {
    guard !recognisable.isEmpty else { return nil }
    turn = (turn + 1) % recognisable.count
    let number = recognisable[turn]
    return maps[number].flatMap { PlaceRecogniser(camera: camera, candidateCount: 2).place(of: features, in: $0) }
      .map { (number, $0) }
  }

  /// How the newest key frame of the present map lies in one of the maps, each time the next, once that is certain.
  mutating func nextLoop(from map: SLAMMap, _ closer: inout LoopCloser) -> (number: Int, loop: LoopCloser.Loop)? {
    guard !recognisable.isEmpty else { return nil }
    // A loop that waits to be confirmed is looked for in the same map again.
    if !closer.isPending { turn = (turn + 1) % recognisable.count }
    let number = recognisable[turn % recognisable.count]
    return maps[number].flatMap { closer.loop(from: map, to: $0) }.map { (number, $0) }
  }
}

extension SLAMMap {
  /// Takes in a newer map.
  /// - Returns: points that turned out to be one, the one that is gone first.
  /// - Precondition: no identifier names points of both.
  public mutating func merge(_ newer: SLAMMap, _ loop: LoopCloser.Loop, camera: CameraModel) -> [(from: Int, to: Int)] {
    let offset = keyFrames.count
    for keyFrame in newer.keyFrames {
      var moved = keyFrame
      moved.cameraFromWorld = loop.oldFromNew.moved(keyFrame.cameraFromWorld.inverse).inverse
      keyFrames.append(moved)
    }
    for identifier in newer.points.identifiers {
      guard let point = newer.points[identifier] else { continue }
      points[identifier] = MapPoint(
        position: loop.oldFromNew * point.position,
        observations: point.observations.map { (offset + $0.keyFrame, $0.pixel) })
    }
    indexPlaces()
    var renamed: [(from: Int, to: Int)] = []
    for pair in loop.pairs where join(pair.new, into: pair.old, camera: camera, tolerance: 15) {
      renamed.append((pair.new, pair.old))
    }
    let linker = PointLinker(camera: camera, radius: 12)
    for keyFrame in max(offset, keyFrames.count - 5)..<keyFrames.count where !keyFrames[keyFrame].isThinned {
      renamed += linker.link(unseenPoints(by: keyFrame, limit: 3_000), into: keyFrame, of: &self).renamed
    }
    return renamed
  }
}
