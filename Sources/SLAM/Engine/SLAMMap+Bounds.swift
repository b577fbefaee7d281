/// What keeps a map from growing for ever.
extension SLAMMap {
  /// Share of a key frame's points that others must see well for it to be redundant.
  private static let redundantShare = 0.9
  /// Other key frames that see a point well enough.
  private static let sufficientViews = 3

  /// Takes the sightings of a key frame out of the map when nearly all its points are seen by enough others. Its
  /// features stay, as long as there is room for them.
  ///
  /// Source: Mur-Artal, Montiel, Tardós 2015, "ORB-SLAM", §VI.E.
  /// - Returns: whether it was redundant.
  @discardableResult
  package mutating func thin(keyFrame: Int) -> Bool {
    // The first two hold the map's place and scale.
    guard keyFrame > 1, !keyFrames[keyFrame].isThinned, redundancy(of: keyFrame) >= Self.redundantShare else {
      return false
    }
    points.forget(keyFrame: keyFrame)
    keyFrames[keyFrame].isThinned = true
    return true
  }

  /// Share of the points that a key frame sees that enough others see; 0 when it sees none.
  private func redundancy(of keyFrame: Int) -> Double {
    let seen = points.seen(by: CollectionOfOne(keyFrame))
    let redundant = seen.count { points[$0].map { $0.observations.count > Self.sufficientViews } ?? false }
    return Double(redundant) / Double(max(seen.count, 1))
  }

  /// Makes room in a map of which more than `comfortable` key frames can be recognised: those that were thinned lose
  /// their features, the oldest first, and the key frames are thinned that share most points with one that the newest
  /// have left behind. Where the camera comes again and again, key frames become redundant that were not when they were
  /// left.
  package mutating func makeRoom(around keyFrame: Int, comfortable: Int) {
    guard places.keyFrames.count > comfortable else { return }
    let thinned = places.keyFrames.prefix(while: { $0 < keyFrame }).filter { keyFrames[$0].isThinned }
    for index in thinned.prefix(Self.alikeCount) { strip(keyFrame: index) }
    let shared = sharedPoints(with: keyFrame)
    let alike = places.keyFrames.filter { $0 < keyFrame && shared[$0] > 0 }
      .sorted { (shared[$1], $0) < (shared[$0], $1) }.prefix(Self.alikeCount)
    for other in alike { thin(keyFrame: other) }
  }

  /// Older key frames that are looked at with one.
  private static let alikeCount = 4

  /// Thins key frames out until slightly fewer than `count` are left when there are more: the most redundant first, of
  /// equal ones the oldest, not two that follow one another. Key frames that see next to nothing go before all others.
  /// - Parameter newest: how many of the newest stay whatever the number.
  package mutating func limitKeyFrames(to count: Int, keeping newest: Int) {
    while places.keyFrames.count > max(count, newest + 2) {
      let surplus = places.keyFrames.count - (count - count / 32)
      let described = places.keyFrames
      let removable = described.indices.filter { described[$0] > 1 && $0 < described.count - newest }
        .map { (position: $0, redundancy: expendability(of: described[$0])) }
        .sorted { ($1.redundancy, $0.position) < ($0.redundancy, $1.position) }
      var isSpared: Set<Int> = []
      var removed = 0
      for position in removable.map(\.position) where removed < surplus && !isSpared.contains(position) {
        strip(keyFrame: described[position])
        isSpared.formUnion([position - 1, position + 1])
        removed += 1
      }
      if removed == 0 { return }
    }
  }

  private func expendability(of keyFrame: Int) -> Double {
    let seen = points.seen(by: CollectionOfOne(keyFrame)).count
    return seen < Self.usefulPoints ? 2 : redundancy(of: keyFrame)
  }

  /// Points with which a place can be recognised.
  private static let usefulPoints = 18

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
