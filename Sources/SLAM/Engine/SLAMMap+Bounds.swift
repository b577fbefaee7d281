/// What keeps a map from growing for ever.
extension SLAMMap {
  /// Share of a key frame's points that others must see well for it to be redundant.
  private static let redundantShare = 0.9
  /// Other key frames that see a point well enough.
  private static let sufficientViews = 3

  /// Takes the sightings of a key frame out of the map when nearly all its points are seen by enough others. The key
  /// frame keeps its number and its pose, on which frames hang.
  ///
  /// Source: Mur-Artal, Montiel, Tardós 2015, "ORB-SLAM", §VI.E.
  /// - Returns: whether it was redundant.
  @discardableResult
  mutating func thin(keyFrame: Int) -> Bool {
    let seen = points.seen(by: CollectionOfOne(keyFrame))
    let redundant = seen.count { points[$0].map { $0.observations.count > Self.sufficientViews } ?? false }
    // The first two hold the map's place and scale.
    guard keyFrame > 1, !keyFrames[keyFrame].isThinned, !seen.isEmpty,
      Double(redundant) >= Self.redundantShare * Double(seen.count)
    else {
      return false
    }
    points.forget(keyFrame: keyFrame)
    keyFrames[keyFrame].isThinned = true
    return true
  }

  /// Removes points until nine tenths of `count` are left when there are more: those that the fewest key frames see,
  /// of those the oldest.
  /// - Parameter isKept: whether a point stays whatever the number.
  mutating func limitPoints(to count: Int, keeping isKept: (_ identifier: Int) -> Bool) {
    guard points.count > count else { return }
    let removable = points.identifiers.filter { !isKept($0) }.map {
      (views: points[$0]?.observations.count ?? 0, identifier: $0)
    }
    for point in removable.sorted(by: { $0 < $1 }).prefix(points.count - count * 9 / 10) {
      points[point.identifier] = nil
    }
  }
}
