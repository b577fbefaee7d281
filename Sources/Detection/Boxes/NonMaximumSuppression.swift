/// Leaves out boxes that show what a better one shows.
///
/// Source: Neubeck and Van Gool 2006, "Efficient Non-Maximum Suppression", greedy, within each class.
struct NonMaximumSuppression {
  /// Intersection over union.
  var maximalOverlap: Float

  /// - Returns: the best first; of equal scores, those that came first.
  func filtered(_ detections: [DetectedBox]) -> [DetectedBox] {
    let order = detections.indices.sorted {
      (detections[$1].score, $0) < (detections[$0].score, $1)
    }
    var kept: [DetectedBox] = []
    for index in order {
      let candidate = detections[index]
      let isCovered = kept.contains { better in
        better.category == candidate.category && DetectedBox.overlap(better.box, candidate.box) > maximalOverlap
      }
      if !isCovered { kept.append(candidate) }
    }
    return kept
  }
}
