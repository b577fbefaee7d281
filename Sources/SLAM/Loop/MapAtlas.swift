public import Geometry
import Vision

/// The maps that were given up, kept so that the camera may come back to them.
///
/// Source: Campos et al. 2021, "ORB-SLAM3", §VI (there the atlas holds the active map too).
struct MapAtlas {
  /// Maps that can be recognised. Of older ones only the poses of key frames stay.
  private static let maximalMaps = 8
  /// Key frames that can be recognised, over all maps.
  private static let maximalKeyFrames = 1_500

  private var maps: [Int: SLAMMap] = [:]
  /// Numbers of maps that can be recognised, the newest last.
  private var recognisable: [Int] = []
  /// Which of them is looked at next.
  private var turn = 0

  /// The number of a map that is never forgotten.
  var pinned: Int?

  var isEmpty: Bool { recognisable.isEmpty }

  func keyFrames(of number: Int) -> [KeyFrame] { maps[number]?.keyFrames ?? [] }

  /// The maps that can be recognised, with their numbers.
  var recognisableMaps: [(number: Int, map: SLAMMap)] {
    recognisable.compactMap { number in maps[number].map { (number, $0) } }
  }

  /// Keeps a map.
  mutating func store(_ map: SLAMMap, number: Int) {
    maps[number] = map
    guard !map.points.isEmpty else { return }
    recognisable.removeAll { $0 == number }
    recognisable.append(number)
    func size() -> Int { recognisable.reduce(0) { $0 + keyFrames(of: $1).count } }
    while recognisable.count > Self.maximalMaps || (recognisable.count > 1 && size() > Self.maximalKeyFrames) {
      guard let oldest = recognisable.firstIndex(where: { $0 != pinned }) else { break }
      let forgotten = recognisable.remove(at: oldest)
      var poses = SLAMMap()
      poses.keyFrames = keyFrames(of: forgotten).map { KeyFrame(cameraFromWorld: $0.cameraFromWorld) }
      maps[forgotten] = poses
    }
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
    for (identifier, point) in newer.points {
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
    for keyFrame in max(offset, keyFrames.count - 5)..<keyFrames.count {
      renamed += linker.link(unseenPoints(by: keyFrame, limit: 3_000), into: keyFrame, of: &self).renamed
    }
    return renamed
  }
}
