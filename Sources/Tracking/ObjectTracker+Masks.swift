public import MediaModel

extension ObjectTracker {
  /// Takes what the follower says of a frame.
  ///
  /// - Parameters:
  ///   - masks: one for each object that the follower follows. Ids that the tracker has ended are not looked at.
  ///   - nanos: when the frame was taken.
  /// - Returns: the confirmed objects, measured, carried or predicted, in the order of ids.
  /// - Complexity: O(objects), and the runs of their masks.
  public mutating func follow(_ masks: [FollowedMask], at nanos: Int64) -> [TrackedObject] {
    advance(to: nanos)
    var places: [Int: Int] = [:]
    for (index, track) in tracks.enumerated() { places[track.id] = index }
    for followed in masks {
      guard let index = places[followed.id], followed.isVisible, followed.mask?.area != 0,
        followed.mask != nil || BoxOverlap.area(followed.box) > 0
      else { continue }
      tracks[index].see(followed, at: nanos)
    }
    remember(at: nanos)
    forgetOld(at: nanos)
    mergeDuplicates(at: nanos)
    return objects(at: nanos, shownBy: options.detectionsToConfirm, isFollowed: true)
  }

  private mutating func remember(at nanos: Int64) {
    let share = options.historyRuns / max(tracks.count, 1)
    for index in tracks.indices {
      let track = tracks[index]
      let entry = TrackHistory.Entry(
        nanos: nanos, box: track.isSeen ? track.box : track.filter.box, mask: track.isSeen ? track.mask : nil,
        isVisible: track.isSeen)
      tracks[index].history.append(entry, keeping: options.historyFrames, runs: share)
    }
  }

  /// Decides what detections mean for the objects that are followed: which start, which end, which need a new prompt.
  ///
  /// Objects that start are not in sight until ``follow(_:at:)`` names them: whoever has older detections carries
  /// them to now first.
  ///
  /// - Parameters:
  ///   - detections: of one frame, in any order. Those without area are ignored.
  ///   - nanos: when that frame was taken; it may lie before the latest ``follow(_:at:)``, and the detections are then
  ///     compared with what was followed in the frame of theirs.
  public mutating func associate(_ detections: [ObjectObservation], at nanos: Int64) -> Association {
    var association = Association()
    if nowNanos == nil { nowNanos = nanos }
    // What was first detected after that frame says nothing of it, nor do these detections of it.
    let judged = tracks.indices.filter { tracks[$0].bornNanos <= nanos }
    let past = judged.map { index in
      tracks[index].history.entry(at: nanos)
        ?? .init(nanos: nanos, box: tracks[index].box, mask: tracks[index].mask, isVisible: true)
    }
    let usable = usable(detections)
    var isTaken = [Bool](repeating: false, count: detections.count)
    var isMatched = [Bool](repeating: false, count: tracks.count)
    for isWeak in [false, true] {
      let rows = judged.indices.filter { !isMatched[judged[$0]] }
      let columns = usable.filter { !isTaken[$0] && (detections[$0].score < options.highScore) == isWeak }
      for (row, column) in pairs(rows.map { (tracks[judged[$0]], past[$0]) }, columns.map { detections[$0] }, isWeak) {
        let (place, detection) = (rows[row], columns[column])
        let index = judged[place]
        (isMatched[index], isTaken[detection]) = (true, true)
        tracks[index].support(by: detections[detection])
        let overlap = MaskAffinity.overlap(past[place], detections[detection])
        // A weak detection keeps an object alive; it is not good enough to correct its mask.
        let needsPrompt = !isWeak && (!past[place].isVisible || overlap < options.promptOverlap)
        association.matched.append(
          .init(id: tracks[index].id, detection: detection, overlap: overlap, needsPrompt: needsPrompt))
      }
    }
    for (place, index) in judged.enumerated() where !isMatched[index] && past[place].isVisible { tracks[index].miss() }
    let free = usable.filter { !isTaken[$0] && detections[$0].score >= options.highScore }
    let known = zip(judged, past).map { (tracks[$0].votes.label, $1) }
    association.ignored = detections.indices.filter { !isTaken[$0] && !free.contains($0) }
    endUnsupported()
    begin(free, of: detections, beside: known, at: nanos, in: &association)
    association.matched.sort { $0.id < $1.id }
    association.started.sort { $0.id < $1.id }
    association.ignored.sort()
    association.ended = takeEnded().sorted { $0.id < $1.id }
    return association
  }

  private func pairs(
    _ rows: [(Track, TrackHistory.Entry)], _ detections: [ObjectObservation], _ isWeak: Bool
  ) -> [(row: Int, column: Int)] {
    let affinity = MaskAffinity(minimalOverlap: options.minimalOverlap)
    var pairs: [Assignment.Pair] = []
    for (row, (track, past)) in rows.enumerated() {
      for (column, detection) in detections.enumerated() {
        guard let cost = affinity.cost(track, past, detection, isWeak: isWeak) else { continue }
        pairs.append(.init(row: row, column: column, cost: cost))
      }
    }
    return Assignment(costAlone: Affinity.alone).solved(rows: rows.count, columns: detections.count, pairs: pairs)
      .compactMap { $0 }.map { (pairs[$0].row, pairs[$0].column) }
  }

  private mutating func endUnsupported() {
    let unsupported = tracks.indices.filter {
      tracks[$0].misses >= options.missesToEnd + min(tracks[$0].hits - 1, options.missesToEnd)
    }
    finish(unsupported.map { ($0, .unsupported) })
  }

  private mutating func begin(
    _ free: [Int], of detections: [ObjectObservation], beside known: [(String, TrackHistory.Entry)], at nanos: Int64,
    in association: inout Association
  ) {
    // The best first, so that of two that show one thing the better starts it.
    for index in free.sorted(by: { (detections[$1].score, $0) < (detections[$0].score, $1) }) {
      let detection = detections[index]
      let isKnown = known.contains { MaskAffinity.covers($0.1, label: $0.0, detection) }
      let isRepeated = association.started.contains { other in
        LabelVotes.areCompatible(other.observation.label, detection.label)
          && BoxOverlap.ofUnion(other.observation.box, detection.box) > 0.6
      }
      guard !isKnown, !isRepeated else {
        association.ignored.append(index)
        continue
      }
      let back = remembered.indices.compactMap { place in
        Affinity.costOfReturn(remembered[place], detection, at: nanos, options: options).map { (place, $0) }
      }.min { $0.1 < $1.1 }
      let id: Int
      if let back, tracks.count < options.maximalTracks {
        id = revive(back.0, as: detection, at: nanos)
      } else if start(detection, at: nanos) {
        id = nextID()
        tracks[tracks.count - 1].id = id
      } else {
        association.ignored.append(index)
        continue
      }
      tracks[tracks.count - 1].sighting = .predicted
      tracks[tracks.count - 1].bornNanos = nanos
      association.started.append(.init(id: id, detection: index, observation: detection))
    }
  }
}
