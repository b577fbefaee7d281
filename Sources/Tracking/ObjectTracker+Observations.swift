public import Geometry
public import MediaModel

extension ObjectTracker {
  /// Associates the observations of a frame with the objects of the frames before.
  ///
  /// Strong observations are given to confirmed objects, weak ones to those that are left, then strong ones that are
  /// left to new objects; what is still left is an object that comes back, or a new one.
  ///
  /// - Parameters:
  ///   - observations: of this frame, in any order. Those without area are not looked at.
  ///   - nanos: when the frame was taken.
  ///   - imageFromPrevious: takes pixels of the previous frame to this one, by the motion of the camera; `nil` is none.
  /// - Returns: the confirmed objects, measured or predicted, in the order of ids.
  /// - Complexity: O(objects × observations), and the cube of the largest group in which everything may be everything.
  /// - Source: Zhang et al. 2022, "ByteTrack: Multi-Object Tracking by Associating Every Detection Box".
  public mutating func update(
    _ observations: [ObjectObservation], at nanos: Int64, imageFromPrevious: Matrix3? = nil
  ) -> [TrackedObject] {
    advance(to: nanos, imageFromPrevious: imageFromPrevious)
    forgetOld(at: nanos)
    let usable = usable(observations)
    var strong = usable.filter { observations[$0].score >= options.highScore }
    let weak = usable.filter { observations[$0].score < options.highScore }
    give(&strong, of: observations, to: { $0.isConfirmed }, at: nanos)
    if followJump(strong, of: observations) {
      give(&strong, of: observations, to: { $0.isConfirmed && !$0.isSeen }, at: nanos)
    }
    var left = weak
    // What was not seen for long may be anywhere; only good observations bring it back.
    give(&left, of: observations, to: { $0.isConfirmed && !$0.isSeen && $0.misses < 10 }, isWeak: true, at: nanos)
    give(&strong, of: observations, to: { !$0.isConfirmed }, at: nanos)
    bringBack(&strong, of: observations, at: nanos)
    strong.sort { (observations[$1].score, $0) < (observations[$0].score, $1) }
    for index in strong where !isRepeated(observations[index]) {
      guard start(observations[index], at: nanos) else { break }
    }
    confirm()
    countMisses()
    mergeDuplicates(at: nanos)
    return objects(at: nanos)
  }

  /// Indices of the observations that are looked at, ascending.
  func usable(_ observations: [ObjectObservation]) -> [Int] {
    let good = observations.indices.filter { index in
      let box = observations[index].box
      return observations[index].score >= options.lowScore && box.z - box.x > 0 && box.w - box.y > 0
        && (box.z - box.x).isFinite && (box.w - box.y).isFinite
    }
    guard good.count > options.maximalObservations else { return good }
    let best = good.sorted { (observations[$1].score, $0) < (observations[$0].score, $1) }
    return best.prefix(options.maximalObservations).sorted()
  }

  /// Gives observations to objects, and takes those off the list that were given.
  private mutating func give(
    _ indices: inout [Int], of observations: [ObjectObservation], to isMeant: (Track) -> Bool, isWeak: Bool = false,
    at nanos: Int64
  ) {
    let rows = tracks.indices.filter { isMeant(tracks[$0]) }
    guard !rows.isEmpty, !indices.isEmpty else { return }
    let affinity = Affinity(minimalOverlap: options.minimalOverlap)
    var pairs: [Assignment.Pair] = []
    for (row, track) in rows.enumerated() {
      for (column, index) in indices.enumerated() {
        guard let cost = affinity.cost(tracks[track], observations[index], isWeak: isWeak) else { continue }
        pairs.append(.init(row: row, column: column, cost: cost))
      }
    }
    let solved = Assignment(costAlone: Affinity.alone).solved(rows: rows.count, columns: indices.count, pairs: pairs)
    var isGiven = [Bool](repeating: false, count: indices.count)
    for (row, pair) in solved.enumerated() {
      guard let pair else { continue }
      isGiven[pairs[pair].column] = true
      tracks[rows[row]].see(observations[indices[pairs[pair].column]], at: nanos)
    }
    indices = indices.indices.filter { !isGiven[$0] }.map { indices[$0] }
  }

  /// Gives observations to objects that are out of sight, by their appearance: first to those that are still kept.
  private mutating func bringBack(_ indices: inout [Int], of observations: [ObjectObservation], at nanos: Int64) {
    var left: [Int] = []
    for index in indices {
      let observation = observations[index]
      func cost(_ track: Track) -> Double? { Affinity.costOfReturn(track, observation, at: nanos, options: options) }
      let hidden = tracks.indices.filter { tracks[$0].isConfirmed && !tracks[$0].isSeen }
      let kept = hidden.compactMap { place in cost(tracks[place]).map { (place, $0) } }.min { $0.1 < $1.1 }
      let gone = remembered.indices.compactMap { place in cost(remembered[place]).map { (place, $0) } }
        .min { $0.1 < $1.1 }
      if let kept, kept.1 <= gone?.1 ?? .infinity {
        tracks[kept.0].see(observation, at: nanos, isReturn: true)
      } else if let gone, tracks.count < options.maximalTracks {
        _ = revive(gone.0, as: observation, at: nanos)
      } else {
        left.append(index)
      }
    }
    indices = left
  }

  /// Whether an observation shows what another of this frame shows, which was given to an object.
  private func isRepeated(_ observation: ObjectObservation) -> Bool {
    tracks.contains { track in
      track.sighting == .measured && LabelVotes.areCompatible(track.votes.label, observation.label)
        && BoxOverlap.ofUnion(track.box, observation.box) > 0.7
    }
  }

  private mutating func confirm() {
    for index in tracks.indices where !tracks[index].isConfirmed && tracks[index].isSeen {
      if tracks[index].hits >= options.hitsToConfirm || tracks[index].score >= options.certainScore {
        tracks[index].id = nextID()
      }
    }
  }

  /// Objects that are not confirmed end when they are missed twice in a row.
  private mutating func countMisses() {
    for index in tracks.indices where !tracks[index].isSeen { tracks[index].miss() }
    finish(tracks.indices.filter { !tracks[$0].isConfirmed && tracks[$0].misses > 1 }.map { ($0, .lost) })
  }
}
