import MediaModel

/// Where an object was in the latest frames, for detections that are older than now. Bounded in frames and in bytes.
struct TrackHistory: Sendable {
  struct Entry: Sendable {
    var nanos: Int64
    var box: SIMD4<Float>
    var mask: RunLengthMask?
    var isVisible: Bool
  }

  private var entries: [Entry] = []
  /// Entries before it are gone; they are taken off the array now and then.
  private var first = 0
  /// The first entry that may have a mask.
  private var firstMask = 0
  /// Runs of all masks together.
  private(set) var runs = 0

  var count: Int { entries.count - first }

  /// - Parameters:
  ///   - frames: entries that stay, at least 1.
  ///   - runs: runs of masks that stay; the oldest masks go first, their boxes stay.
  mutating func append(_ entry: Entry, keeping frames: Int, runs limit: Int) {
    entries.append(entry)
    runs += entry.mask?.runs.count ?? 0
    while count > frames {
      runs -= entries[first].mask?.runs.count ?? 0
      entries[first].mask = nil
      first += 1
    }
    firstMask = max(firstMask, first)
    while runs > limit, firstMask < entries.count - 1 {
      runs -= entries[firstMask].mask?.runs.count ?? 0
      entries[firstMask].mask = nil
      firstMask += 1
    }
    if first > 2 * frames {
      entries.removeFirst(first)
      firstMask -= first
      first = 0
    }
  }

  /// The latest frame that is not after a time, or else the earliest there is.
  func entry(at nanos: Int64) -> Entry? {
    var (low, high) = (first, entries.count)
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].nanos <= nanos { low = middle + 1 } else { high = middle }
    }
    return first < entries.count ? entries[max(low - 1, first)] : nil
  }
}
