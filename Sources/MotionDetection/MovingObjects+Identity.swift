import Tracking

extension MovingObjects {
  /// The object that was reported around where another appears, is not reported any more, and looks like it: most likely
  /// it is the same, which was hidden, or whose patches were lost or slid off it.
  func formerOne(like new: MovingObject) -> Int? {
    let (box, area) = (new.box, max(BoxOverlap.area(new.box), 1))
    let candidates = objects.indices.compactMap { index -> (index: Int, away: Float)? in
      let old = objects[index]
      guard old.id > 0, old.lostFrames > 0 || !old.isShown, old.birth < new.birth else { return nil }
      // What was hidden in part was found smaller or larger than it is.
      let ratio = BoxOverlap.area(old.box) / area
      guard ratio > 0.125, ratio < 8 else { return nil }
      let offset = (old.box.lowHalf + old.box.highHalf - box.lowHalf - box.highHalf) / 2
      let away = (offset * offset).sum().squareRoot() / (area * max(ratio, 1)).squareRoot()
      // What is still followed slid off by a length or two. The longer ago one was lost, the less is known of where it is.
      let reach = old.lostFrames > 0 ? 2.5 + 0.08 * Float(old.lostFrames) : 2
      // Colours change with the light: some are enough.
      guard away < reach, old.shape.likeness(new.shape) > 0.3 else { return nil }
      return (index, away)
    }
    return candidates.min { $0.away < $1.away }?.index
  }

  /// Whether another object is reported in a place.
  func isReported(in box: SIMD4<Float>, besides index: Int) -> Bool {
    objects.indices.contains { other in
      other != index && objects[other].id > 0 && objects[other].isShown && objects[other].lostFrames == 0
        && BoxOverlap.ofSmaller(objects[other].box, box) > 0.6
    }
  }
}
