import MediaModel

/// What it costs that a detection is of an object whose pixels were followed.
struct MaskAffinity {
  private static let otherLabel: Float = 0.3

  var minimalOverlap: Float

  /// Intersection over union of an object in the frame of a detection and the detection, of masks where both have one.
  static func overlap(_ past: TrackHistory.Entry, _ detection: ObjectObservation) -> Float {
    guard let mask = past.mask, let found = detection.mask else { return BoxOverlap.ofUnion(past.box, detection.box) }
    return mask.overlap(with: found)
  }

  /// - Returns: `nil` where it cannot be.
  func cost(
    _ track: Track, _ past: TrackHistory.Entry, _ detection: ObjectObservation, isWeak: Bool
  ) -> Double? {
    var overlap = Self.overlap(past, detection)
    let isLike = LabelVotes.areCompatible(track.votes.label, detection.label)
    // A mask that lost a part of its object, or its box, still lies in the box of the detection.
    if let mask = past.mask, isLike, mask.area > 0 {
      let inside = Float(mask.area(in: detection.box)) / Float(mask.area)
      let size = BoxOverlap.area(past.box) / max(BoxOverlap.area(detection.box), 1)
      if inside > 0.9 { overlap = max(overlap, min(size.squareRoot(), 1) * 0.6) }
    }
    let required = isWeak ? max(minimalOverlap, 0.4) : minimalOverlap
    guard overlap >= (isLike ? required : max(required, 0.6)) else { return nil }
    var cost = 1 - overlap
    if !isLike { cost += Self.otherLabel }
    if let similarity = Affinity.similarity(track.appearance, detection.appearance) {
      guard similarity > 0.3 || overlap > 0.5 else { return nil }
      cost += 0.4 * (0.85 - similarity)
    }
    return Double(cost)
  }

  /// Whether a detection shows what is followed already, or a part of it.
  static func covers(_ past: TrackHistory.Entry, label: String, _ detection: ObjectObservation) -> Bool {
    guard past.isVisible else { return false }
    let isLike = LabelVotes.areCompatible(label, detection.label)
    if BoxOverlap.ofUnion(past.box, detection.box) > (isLike ? 0.6 : 0.9) { return true }
    guard isLike, let mask = past.mask else { return false }
    // Most of a box that holds an object is the object.
    return Float(mask.area(in: detection.box)) > 0.7 * BoxOverlap.area(detection.box)
  }
}
