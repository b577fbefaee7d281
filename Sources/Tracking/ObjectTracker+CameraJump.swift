import MediaModel

extension ObjectTracker {
  /// Pairs that are tried.
  private static let hypotheses = 256

  /// When most objects are missed at once while others turn up, looks for one shift of the picture that takes the ones to
  /// the others, and shifts all objects by it.
  ///
  /// - Parameter free: indices of observations that are nobody's.
  /// - Returns: whether there was such a shift.
  mutating func followJump(_ free: [Int], of observations: [ObjectObservation]) -> Bool {
    let recent = tracks.indices.filter { tracks[$0].isConfirmed && tracks[$0].misses == 0 }
    let missed = recent.filter { !tracks[$0].isSeen }
    guard missed.count >= 2, free.count >= 2, 5 * missed.count >= 3 * recent.count else { return false }
    var best: (shift: SIMD2<Float>, supporters: Int, fit: Float)?
    var tried = 0
    for track in missed {
      for index in free where tried < Self.hypotheses && couldBe(tracks[track], observations[index]) {
        tried += 1
        let shift = Self.centre(observations[index].box) - Self.centre(tracks[track].filter.box)
        let (supporters, fit) = support(for: shift, missed, free.map { observations[$0] })
        if (supporters, fit) > (best?.supporters ?? 0, best?.fit ?? 0) { best = (shift, supporters, fit) }
      }
    }
    guard let best, best.supporters >= 2, 5 * best.supporters >= 3 * min(missed.count, free.count) else { return false }
    for index in tracks.indices where !tracks[index].isSeen { tracks[index].filter.shift(by: best.shift) }
    for index in remembered.indices { remembered[index].filter.shift(by: best.shift) }
    return true
  }

  private static func centre(_ box: SIMD4<Float>) -> SIMD2<Float> { (box.lowHalf + box.highHalf) / 2 }

  private func couldBe(_ track: Track, _ observation: ObjectObservation) -> Bool {
    let size = track.filter.size, found = BoxOverlap.area(observation.box).squareRoot()
    return min(size, found) > 0.7 * max(size, found)
      && LabelVotes.areCompatible(track.votes.label, observation.label)
      && Affinity.similarity(track.appearance, observation.appearance) ?? 1 > 0.5
  }

  /// How many objects find an observation where the shift takes them, and how well.
  private func support(
    for shift: SIMD2<Float>, _ missed: [Int], _ observations: [ObjectObservation]
  ) -> (count: Int, fit: Float) {
    var (count, fit) = (0, Float(0))
    var isTaken = [Bool](repeating: false, count: observations.count)
    for track in missed {
      let box = tracks[track].filter.box
      let moved = SIMD4(lowHalf: box.lowHalf + shift, highHalf: box.highHalf + shift)
      var best: (place: Int, overlap: Float)?
      for (place, observation) in observations.enumerated()
      where !isTaken[place] && couldBe(tracks[track], observation) {
        let overlap = BoxOverlap.ofUnion(moved, observation.box)
        if overlap > max(best?.overlap ?? 0, 0.4) { best = (place, overlap) }
      }
      guard let best else { continue }
      isTaken[best.place] = true
      count += 1
      fit += best.overlap
    }
    return (count, fit)
  }
}
