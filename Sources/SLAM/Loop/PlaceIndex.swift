import Vision

/// Key frames by what they show, for recognising a place among all that were seen.
///
/// Each descriptor stands in sixteen tables, one for each sixteen of its bits. Descriptors of the same thing share the
/// bits of at least one table more often than not, and others seldom, so a query compares few of all descriptors. No
/// vocabulary has to be trained. What many key frames show tells little of the place: each match counts with the
/// logarithm of the share of key frames that it matches, as in retrieval of documents.
///
/// Sources: Norouzi, Punjani, Fleet 2012, "Fast search in Hamming space with multi-index hashing"; Sivic, Zisserman
/// 2003, "Video Google" (inverse document frequency).
package struct PlaceIndex {
  private static let tableCount = 16
  private static let tableSize = 1 << 16
  /// Features of a key frame that are indexed, and of a query that are looked for.
  private static let maximalFeatures = 320
  /// Entries that a query reads from one slot, the newest.
  private static let maximalChain = 48
  /// Bits of 256 that may differ in a match.
  private static let maximalDistance = 48
  /// Key frames before and after another that show the same place with it.
  private static let groupRadius = 2

  /// A place that may be the one shown.
  package struct Candidate: Hashable {
    package var keyFrame: Int
    /// Sum of the matches' weights, over the key frame and its neighbours.
    var score: Double
  }

  /// The key frames that can be found, ascending.
  package private(set) var keyFrames: [Int] = []
  /// The block that each of them has.
  private var blocks: [Int] = []
  /// Blocks that no key frame has, each with places for the descriptors of one.
  private var freeBlocks: [Int] = []
  /// Descriptors that each block holds.
  private var counts: [Int] = []
  private var descriptors: [BinaryDescriptor] = []
  /// The newest entry of each slot, table after table; −1 for none. Empty until something is added.
  private var heads: [Int32] = []
  /// The entry before and the one after in the same slot, for each entry: `tableCount` for each descriptor.
  private var older: [Int32] = []
  private var newer: [Int32] = []

  /// Bytes of the tables, without room that arrays keep for growing.
  package var byteCount: Int { 4 * (heads.count + older.count + newer.count) + 32 * descriptors.count }

  package init() {}

  /// Adds a key frame.
  /// - Precondition: it is newer than those before.
  package mutating func add(_ keyFrame: Int, _ features: KeyFrameFeatures) {
    precondition(keyFrames.last.map { $0 < keyFrame } ?? true, "key frames come in their order")
    if heads.isEmpty { heads = [Int32](repeating: -1, count: Self.tableCount * Self.tableSize) }
    let block = takeBlock()
    keyFrames.append(keyFrame)
    blocks.append(block)
    counts[block] = min(features.count, Self.maximalFeatures)
    for feature in 0..<counts[block] {
      let index = block * Self.maximalFeatures + feature
      let descriptor = features.descriptor(feature)
      descriptors[index] = descriptor
      for table in 0..<Self.tableCount {
        let (slot, entry) = (Self.slot(descriptor, table), Self.tableCount * index + table)
        older[entry] = heads[slot]
        newer[entry] = -1
        if heads[slot] >= 0 { newer[Int(heads[slot])] = Int32(entry) }
        heads[slot] = Int32(entry)
      }
    }
  }

  private mutating func takeBlock() -> Int {
    if let block = freeBlocks.popLast() { return block }
    counts.append(0)
    descriptors += [BinaryDescriptor](repeating: BinaryDescriptor(bits: .zero), count: Self.maximalFeatures)
    let entries = [Int32](repeating: -1, count: Self.tableCount * Self.maximalFeatures)
    older += entries
    newer += entries
    return counts.count - 1
  }

  /// Forgets a key frame, if it is there; its room is for the next.
  package mutating func remove(_ keyFrame: Int) {
    guard let position = position(of: keyFrame) else { return }
    let block = blocks.remove(at: position)
    keyFrames.remove(at: position)
    for feature in 0..<counts[block] {
      let index = block * Self.maximalFeatures + feature
      for table in 0..<Self.tableCount {
        let entry = Self.tableCount * index + table
        if newer[entry] >= 0 {
          older[Int(newer[entry])] = older[entry]
        } else {
          heads[Self.slot(descriptors[index], table)] = older[entry]
        }
        if older[entry] >= 0 { newer[Int(older[entry])] = newer[entry] }
      }
    }
    counts[block] = 0
    freeBlocks.append(block)
  }

  /// Where a key frame stands among those that can be found, or `nil`.
  func position(of keyFrame: Int) -> Int? {
    var (low, high) = (0, keyFrames.count)
    while low < high {
      let middle = (low + high) / 2
      if keyFrames[middle] < keyFrame { low = middle + 1 } else { high = middle }
    }
    return low < keyFrames.count && keyFrames[low] == keyFrame ? low : nil
  }

  private static func slot(_ descriptor: BinaryDescriptor, _ table: Int) -> Int {
    let bits = descriptor.bits[table >> 2] >> UInt64(16 * (table & 3)) & 0xffff
    return table * tableSize + Int(bits)
  }

  /// The key frames that show most of what `features` are, the best first, at most one of those that follow one another.
  /// - Parameters:
  ///   - levels: levels of the query's pyramid; with two, places are found that the query shows from twice as near.
  ///   - isEligible: key frames that count; others are left out.
  package func candidates(
    like features: KeyFrameFeatures, limit: Int, levels: Int, where isEligible: (Int) -> Bool = { _ in true }
  ) -> [Candidate] {
    guard !heads.isEmpty else { return [] }
    let eligible = keyFrames.map(isEligible)
    var positions = [Int](repeating: 0, count: counts.count)
    for (position, block) in blocks.enumerated() { positions[block] = position }
    var scores = [Double](repeating: 0, count: keyFrames.count)
    // The query that a descriptor, or a key frame, was last met in.
    var lastOfDescriptor = [Int32](repeating: -1, count: descriptors.count)
    var lastOfKeyFrame = [Int32](repeating: -1, count: keyFrames.count)
    var matched: [Int] = []
    for query in 0..<min(features.count, Self.maximalFeatures) {
      matched.removeAll(keepingCapacity: true)
      for level in 0..<levels {
        guard let descriptor = features.descriptor(query, level: level) else { continue }
        for table in 0..<Self.tableCount {
          var entry = heads[Self.slot(descriptor, table)]
          var steps = 0
          while entry >= 0, steps < 4 * Self.maximalChain {
            let index = Int(entry) / Self.tableCount
            let keyFrame = positions[index / Self.maximalFeatures]
            entry = older[Int(entry)]
            // Those that do not count are nearly free.
            steps += eligible[keyFrame] ? 4 : 1
            let mark = Int32(levels * query + level)
            guard lastOfDescriptor[index] != mark, lastOfKeyFrame[keyFrame] != query else { continue }
            lastOfDescriptor[index] = mark
            guard eligible[keyFrame], descriptors[index].distance(to: descriptor) <= Self.maximalDistance else {
              continue
            }
            lastOfKeyFrame[keyFrame] = Int32(query)
            matched.append(keyFrame)
          }
        }
      }
      let weight = logarithm(Double(keyFrames.count + 1) / Double(matched.count + 1)) + 0.1
      for keyFrame in matched { scores[keyFrame] += weight }
    }
    return Self.peaks(scores, limit: limit).map {
      Candidate(keyFrame: keyFrames[$0.keyFrame], score: $0.score)
    }
  }

  /// The best of each run of neighbouring key frames, by their positions, with the scores of its neighbours added.
  private static func peaks(_ scores: [Double], limit: Int) -> [Candidate] {
    let sums = scores.indices.map { index in
      let neighbours = max(0, index - groupRadius)...min(scores.count - 1, index + groupRadius)
      return Candidate(keyFrame: index, score: scores[neighbours].reduce(0, +))
    }
    var chosen: [Candidate] = []
    for candidate in sums.sorted(by: { ($0.score, scores[$0.keyFrame]) > ($1.score, scores[$1.keyFrame]) }) {
      guard chosen.count < limit, candidate.score > 0 else { break }
      guard chosen.allSatisfy({ abs($0.keyFrame - candidate.keyFrame) > 2 * groupRadius }) else { continue }
      // Of the neighbours the one that itself shows most.
      let neighbours =
        max(0, candidate.keyFrame - groupRadius)...min(scores.count - 1, candidate.keyFrame + groupRadius)
      let best = neighbours.max { (scores[$0], -$0) < (scores[$1], -$1) } ?? candidate.keyFrame
      chosen.append(Candidate(keyFrame: best, score: candidate.score))
    }
    return chosen
  }
}
