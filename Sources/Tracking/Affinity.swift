import MediaModel

/// What it costs that an observation is of an object: 0 for what fits in every way, 1 for what might as well be new.
///
/// Source: the cues are those of Zhang et al. 2022, "ByteTrack", and Aharon et al. 2022, "BoT-SORT"; their weights are
/// our own.
struct Affinity {
  /// What it costs to be alone.
  static let alone = 1.0
  /// Squared distance, in deviations, beyond which nothing is taken for the same: 0.9997 of two normal coordinates.
  private static let gate: Float = 16
  /// The same for weak observations.
  private static let narrowGate: Float = 6
  private static let otherLabel: Float = 0.2
  /// For each frame in which it was missed.
  private static let hidden: Float = 0.02

  var minimalOverlap: Float

  /// How alike two appearances are, 0…1; `nil` where one is not known.
  ///
  /// Source: Bhattacharyya 1943; the coefficient of two histograms.
  static func similarity(_ a: [Float], _ b: [Float]) -> Float? {
    guard !a.isEmpty, a.count == b.count else { return nil }
    var sum: Float = 0
    for index in a.indices { sum += (a[index] * b[index]).squareRoot() }
    return min(sum, 1)
  }

  /// Intersection over union of where an object should be and an observation.
  static func overlap(_ track: Track, _ observation: ObjectObservation) -> Float {
    let boxes = BoxOverlap.ofUnion(track.filter.box, observation.box)
    guard boxes > 0, let mask = track.mask, let found = observation.mask else { return boxes }
    let move = (track.filter.box.lowHalf + track.filter.box.highHalf - track.box.lowHalf - track.box.highHalf) / 2
    let right = Int(move.x.rounded()), down = Int(move.y.rounded())
    // Masks may have holes that boxes have not, and the other way round.
    return (boxes + mask.overlap(with: found, movedRight: right, movedDown: down)) / 2
  }

  /// - Parameter isWeak: for observations of a low score, which must fit better.
  /// - Returns: `nil` where it cannot be.
  func cost(_ track: Track, _ observation: ObjectObservation, isWeak: Bool = false) -> Double? {
    let distance = track.filter.squaredDistance(to: observation.box)
    let size = track.filter.size, found = BoxOverlap.area(observation.box).squareRoot()
    let ratio = min(size, found) / max(size, found, 1)
    guard distance < 4 * Self.gate || BoxOverlap.common(track.filter.box, observation.box) > 0 else { return nil }
    let overlap = Self.overlap(track, observation)
    let isNear = distance < (isWeak ? Self.narrowGate : Self.gate) && ratio > 0.5
    guard isNear || overlap >= (isWeak ? max(minimalOverlap, 0.4) : minimalOverlap) else { return nil }
    var cost = 1 - overlap / 2 - ratio * exponential(-distance / 8) / 2
    if !LabelVotes.areCompatible(track.votes.label, observation.label) { cost += Self.otherLabel }
    // The longer something is hidden, the more would fit where it might be: what is in sight comes first.
    cost += Self.hidden * Float(min(track.misses, 15))
    if let similarity = Self.similarity(track.appearance, observation.appearance) {
      // What lies where something was a moment ago is that, in whatever light; later it may be another thing.
      guard similarity > 0.4 || (overlap > 0.5 && track.misses < 5) else { return nil }
      cost += 0.6 * (0.85 - similarity)
    }
    return Double(cost)
  }

  /// What it costs that something which went out of sight is what is found now, by its appearance.
  /// - Returns: `nil` where it cannot be.
  static func costOfReturn(
    _ track: Track, _ observation: ObjectObservation, at nanos: Int64, options: TrackingOptions
  ) -> Double? {
    guard let similarity = similarity(track.appearance, observation.appearance),
      similarity >= options.returnSimilarity,
      LabelVotes.areCompatible(track.votes.label, observation.label)
    else { return nil }
    let size = track.filter.size, found = BoxOverlap.area(observation.box).squareRoot()
    guard min(size, found) > 0.5 * max(size, found) else { return nil }
    let seconds = Float(nanos - track.seenNanos) / 1e9
    let offset = (track.box.lowHalf + track.box.highHalf - observation.box.lowHalf - observation.box.highHalf) / 2
    let expected =
      (track.filter.box.lowHalf + track.filter.box.highHalf - observation.box.lowHalf
        - observation.box.highHalf) / 2
    // It may have gone on as before, have stopped, or anything between.
    let away = min((offset * offset).sum(), (expected * expected).sum()).squareRoot()
    let reach = size * (2 + 2 * min(seconds, 3))
    guard away < reach else { return nil }
    return Double((1 - similarity) + 0.5 * away / reach)
  }

  /// e to a power that is not positive.
  private func exponential(_ value: Float) -> Float {
    // (1 + x/64)^64 by six squarings; within 1 % of the truth where it matters.
    var power = max(1 + value / 64, 0)
    for _ in 0..<6 { power *= power }
    return power
  }
}
