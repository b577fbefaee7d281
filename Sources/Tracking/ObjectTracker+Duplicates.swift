import MediaModel

extension ObjectTracker {
  /// Makes one of two objects that have lain on one another for ``TrackingOptions/duplicateNanos``. The older id stays.
  ///
  /// Things that were seen apart are two, however long one hides the other: so only those can be one of which the
  /// younger was first seen near the older, or while the older was out of sight.
  mutating func mergeDuplicates(at nanos: Int64) {
    var gone: [(index: Int, reason: EndedTrack.Reason)] = []
    for index in tracks.indices where tracks[index].isConfirmed && !tracks[index].rivals.isEmpty {
      let older = tracks.indices.first { other in
        tracks[index].rivals.contains(tracks[other].id) && isSame(tracks[index], tracks[other])
      }
      guard let older else {
        tracks[index].shadow = nil
        continue
      }
      if let shadow = tracks[index].shadow, shadow.id == tracks[older].id {
        guard nanos - shadow.sinceNanos >= options.duplicateNanos else { continue }
        tracks[older].takeOver(tracks[index])
        gone.append((index, .duplicate(of: tracks[older].id)))
      } else {
        tracks[index].shadow = (tracks[older].id, nanos)
      }
    }
    finish(gone)
  }

  private func isSame(_ a: Track, _ b: Track) -> Bool {
    guard a.isSeen || b.isSeen, LabelVotes.areCompatible(a.votes.label, b.votes.label) else { return false }
    if let similarity = Affinity.similarity(a.appearance, b.appearance), similarity < 0.6 { return false }
    if a.isSeen, b.isSeen, let mask = a.mask, let other = b.mask {
      let smaller = min(mask.area, other.area)
      return smaller > 0 && Float(mask.commonArea(with: other)) >= options.duplicateOverlap * Float(smaller)
    }
    // A small box in a large one is often a part, or something in front.
    return BoxOverlap.ofSmaller(a.filter.box, b.filter.box) >= options.duplicateOverlap
      && BoxOverlap.ofUnion(a.filter.box, b.filter.box) >= 0.5
  }
}
