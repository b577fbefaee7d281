/// Tells how likely what was followed is an object that moves, and that its box fits.
///
/// A sum of decision trees over measures, fitted to simulated flights: ``JudgeTrees``. Neither colours nor proportions
/// are measured, only whether it stands out, so that what moves need not look like what moves there. Source: Friedman 2001, "Greedy function
/// approximation: a gradient boosting machine".
package enum ObjectJudge {
  /// What is measured.
  package enum Measure: Int, CaseIterable {
    /// Tens of frames in a row that did not show it moving, at most 2.
    case unseen
    /// Logarithm of its findings' odds.
    case odds
    /// Logarithm of how often its motion was seen.
    case hits
    /// Overlap of findings with where it was held to be.
    case overlap
    /// Difference of its findings' areas from its own, as logarithms.
    case misfit
    /// Logarithm of the ratio of its velocity's changes to its velocity.
    case unrest
    /// Share of its patches that move as one.
    case unity
    /// How far it went, by the length of its way.
    case straightness
    /// Logarithm of how far it went, by its own size.
    case distance
    /// How much clearer than rest its motion explains its pixels.
    case support
    /// See ``ShapeQuality``.
    case inside, outside, fill, bare, gain
    /// Logarithm of the number of its patches.
    case patches
    /// Overlap of its shape's box with the latest findings'.
    case boxAgreement
    /// Overlap of findings' pixels with its own.
    case agreement
    /// Logarithm of the square root of its area, pixels of the working picture.
    case size
    /// Logarithm of its speed against the ground, by its own size.
    case speed
    /// Share of frames that show it moving.
    case seen
    /// 1 where it reaches the border of the picture.
    case border
    /// Largest shares of its box that lie in another's, and of another's that lie in its own.
    case shareInOther, shareOfOther
    /// See ``ShapeQuality``: what ``ShapeNet`` tells of its cells and of those around.
    case oddsInside, oddsOutside, others, cut, steadiness
    /// How unlike its colours are those around, 0…1.
    case contrast
    /// Logarithm of the frames since it was found first.
    case age
  }

  /// - Parameter measures: in the order of ``Measure``.
  /// - Returns: 0…1.
  package static func confidence(_ measures: SIMD32<Float>) -> Float {
    let ends = 1 << JudgeTrees.levels
    var sum = JudgeTrees.bias
    for tree in 0..<JudgeTrees.values.count / ends {
      // Nodes of a tree are numbered level by level; after the last what is left of the number is the end.
      var node = 0
      for _ in 0..<JudgeTrees.levels {
        let at = tree * (ends - 1) + node
        node = 2 * node + (measures[JudgeTrees.measures[at]] > JudgeTrees.limits[at] ? 2 : 1)
      }
      sum += JudgeTrees.values[tree * ends + node - (ends - 1)]
    }
    return 1 / (1 + exponential(-sum))
  }
}
