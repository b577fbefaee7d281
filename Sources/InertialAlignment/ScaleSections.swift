import Geometry

/// Scales of parts of a path, each for itself, and what they say about that of the whole.
///
/// The scale of a map that a single camera makes drifts a little. Deviations of one solution for the whole path know
/// nothing of that: they become too small, and the part with the strongest motion decides. Here parts err by their own
/// deviations and by a spread that all have in common; of the whole's scale and the parts' mean the one that errs less
/// by that counts.
/// Source: DerSimonian, Laird 1986, "Meta-analysis in clinical trials" (random effects).
struct ScaleSections {
  /// ln(scale) of a part, and its deviation.
  struct Section {
    var logScale: Double
    var deviation: Double
  }

  private(set) var sections: [Section]

  /// About as long as one part, seconds.
  private static let length = 5.0
  private static let maximalSections = 12
  /// A part that is less certain tells nothing.
  private static let maximalDeviation = 0.3

  init(_ sections: [Section]) { self.sections = sections }

  /// Solves the parts of a path. Each takes from the whole what is the IMU's: biases, clock and mounting.
  init(_ batch: InertialBatch, _ whole: InertialBatch.Estimate) {
    sections = []
    let span = batch.keys[batch.keys.count - 1].time - batch.keys[0].time
    let most = min(Self.maximalSections, batch.keys.count / InertialBatch.minimalKeys)
    let count = min(most, Int((span / Self.length).rounded()))
    guard count >= 2 else { return }
    var prior = batch.prior
    (prior.accelerometerBias, prior.gyroscopeBias) = (whole.state.accelerometerBias, whole.state.gyroscopeBias)
    (prior.accelerometerBiasDeviation, prior.gyroscopeBiasDeviation) = (0.03, 0.001)
    (prior.mounting, prior.timeOffset) = (whole.state.mounting, whole.state.timeOffset)
    (prior.mountingDeviation, prior.timeOffsetDeviation) = (0.001, 0.0005)
    for index in 0..<count {
      let range = (batch.keys.count * index / count)..<(batch.keys.count * (index + 1) / count)
      let part = InertialBatch(batch, range: range, prior: prior)
      let guess = LinearScale(scale: whole.state.scale, gravity: whole.state.gravity)
      guard let own = part.solve(from: part.initialState(guess), whole.weights),
        own.scaleDeviation < Self.maximalDeviation, abs(own.state.logScale - whole.state.logScale) < 1
      else { continue }
      sections.append(Section(logScale: own.state.logScale, deviation: own.scaleDeviation))
    }
  }

  /// ln(scale) of the whole path, and its deviation.
  /// - Parameter whole: what one solution for all of it says, with no regard to drift.
  func combined(with whole: Section) -> Section {
    guard sections.count >= 2 else { return whole }
    let weights = sections.map { 1 / ($0.deviation * $0.deviation) }
    let (fixed, total) = weighted(weights)
    let squares = weights.reduce(0) { $0 + $1 * $1 }
    let excess = zip(sections, weights).reduce(0) { $0 + $1.1 * ($1.0.logScale - fixed) * ($1.0.logScale - fixed) }
    let spread = max(0, (excess - Double(sections.count - 1)) / max(1e-12, total - squares / total))
    let (mean, information) = weighted(sections.map { 1 / ($0.deviation * $0.deviation + spread) })
    // The whole weighs parts by what each knows, whatever the spread.
    let drifting = (whole.deviation * whole.deviation + spread * squares / (total * total)).squareRoot()
    let deviation = (1 / information).squareRoot()
    return drifting <= deviation
      ? Section(logScale: whole.logScale, deviation: drifting) : Section(logScale: mean, deviation: deviation)
  }

  private func weighted(_ weights: [Double]) -> (mean: Double, total: Double) {
    let total = weights.reduce(0, +)
    return (zip(sections, weights).reduce(0) { $0 + $1.0.logScale * $1.1 } / total, total)
  }
}
