/// Choice of the views that show an object best.
public enum BestViews {
  /// The best view, and then those that are good and show what those chosen do not.
  ///
  /// Greedy: next is the view of the greatest `score / best score + 2 · difference`, where the difference in pose
  /// (``ViewLook/difference(to:)``) is the least to those chosen. A difference of ½ — nothing in common — is worth as much
  /// as the whole score. Source: Carbonell, Goldstein 1998, "Maximal marginal relevance".
  ///
  /// - Parameters:
  ///   - views: of one object.
  ///   - count: how many to choose.
  ///   - leastDifference: views less different from one chosen add nothing.
  /// - Returns: places in `views`, the best first; fewer than `count` where the rest adds nothing.
  public static func choose(_ views: [ObjectView], count: Int, leastDifference: Float = 0.02) -> [Int] {
    guard count > 0, let best = best(views) else { return [] }
    var chosen = [best]
    var difference = views.map { $0.look.difference(to: views[best].look) }
    let top = max(views[best].quality.score, .leastNormalMagnitude)
    while chosen.count < count {
      var (next, value) = (-1, -Float.infinity)
      for index in views.indices where difference[index] >= leastDifference {
        let worth = views[index].quality.score / top + 2 * difference[index]
        if worth > value { (next, value) = (index, worth) }
      }
      guard next >= 0 else { break }
      chosen.append(next)
      for index in views.indices {
        difference[index] = min(difference[index], views[index].look.difference(to: views[next].look))
      }
      difference[next] = -1
    }
    return chosen
  }

  /// The view of the greatest score; of equal ones the first. `nil` without views.
  public static func best(_ views: [ObjectView]) -> Int? {
    views.indices.max { (views[$0].quality.score, $1) < (views[$1].quality.score, $0) }
  }
}
