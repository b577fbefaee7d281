/// Tells how likely what was followed is an object that moves.
///
/// A logistic function of measures and of products of two of them: what is far from where it began says more of what keeps
/// its shape than of what does not. Fitted to simulated flights; terms that told little were left out one after the other.
enum ObjectJudge {
  /// What is measured.
  enum Measure: Int {
    /// Tens of frames in a row that did not show it moving, at most 2.
    case unseen
    /// Mean of the logarithm of its findings' odds.
    case odds
    /// Logarithm of how often its motion was seen.
    case hits
    /// Mean overlap of findings with where it was held to be.
    case overlap
    /// Mean difference of its findings' areas from its own, as logarithms.
    case misfit
    /// Logarithm of the ratio of its velocity's changes to its velocity.
    case unrest
    /// Mean share of its patches that move as one.
    case unity
    /// How far it went, by the length of its way.
    case straightness
    /// Logarithm of how far it went, by its own size.
    case distance
    /// Mean of how much clearer than rest its motion explains its pixels.
    case support
    /// See ``ShapeQuality``.
    case inside, outside, fill, bare, gain
    /// Logarithm of the number of its patches.
    case patches
  }

  /// Mean and deviation of each measure; each is taken by how many deviations it is off, three at most.
  private static let means = SIMD16<Float>(
    0.0842, 0.37, 2.79, 0.534, 0.536, -0.978, 0.878, 0.854, -1.15, 0.337, 0.641, -0.433, 0.662, 0.503, 0.338, 2.25)
  private static let deviations = SIMD16<Float>(
    0.221, 1.19, 1.72, 0.103, 0.251, 0.848, 0.0987, 0.286, 0.973, 0.18, 0.177, 0.326, 0.0861, 0.194, 0.288, 0.753)
  private static let bias: Float = 1.019
  private static let weights: [(Measure, Float)] = [
    (.odds, 0.6), (.overlap, 1.616), (.misfit, 0.973), (.unrest, 0.46), (.distance, 1.143), (.support, 0.829),
    (.fill, 0.564), (.bare, 0.799),
  ]
  private static let products: [(Measure, Measure, Float)] = [
    (.odds, .overlap, 0.683), (.odds, .misfit, 0.45), (.odds, .unity, 0.461), (.odds, .distance, -0.388),
    (.odds, .inside, -0.421), (.hits, .overlap, -1.088), (.hits, .outside, -0.333), (.hits, .bare, -1.095),
    (.overlap, .overlap, -0.147), (.overlap, .distance, 0.817), (.unrest, .unrest, -0.472),
    (.unrest, .straightness, 0.311), (.unrest, .distance, -0.446), (.unrest, .patches, -0.397),
    (.unity, .distance, 0.64), (.unity, .inside, -0.482), (.straightness, .distance, 1.157),
    (.straightness, .support, -0.819), (.straightness, .outside, 0.566), (.distance, .distance, -1.268),
    (.distance, .outside, -1.232), (.distance, .fill, -0.942), (.distance, .bare, 0.615), (.support, .support, -0.57),
    (.support, .inside, 0.733), (.support, .outside, 0.418), (.inside, .fill, 0.708), (.outside, .fill, -0.787),
    (.fill, .fill, -0.688), (.patches, .patches, -0.312),
  ]

  /// - Parameter measures: in the order of ``Measure``.
  /// - Returns: 0…1.
  static func confidence(_ measures: SIMD16<Float>) -> Float {
    let off = ((measures - means) / deviations).clamped(
      lowerBound: SIMD16(repeating: -3), upperBound: SIMD16(repeating: 3))
    var sum = bias
    for (measure, weight) in weights { sum += weight * off[measure.rawValue] }
    for (first, second, weight) in products { sum += weight * off[first.rawValue] * off[second.rawValue] }
    return 1 / (1 + exponential(-sum))
  }
}
