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
struct PlaceIndex {
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
  struct Candidate: Hashable {
    var keyFrame: Int
    /// Sum of the matches' weights, over the key frame and its neighbours.
    var score: Double
  }

  /// The newest entry of each slot, table after table; −1 for none. Empty until something is added.
  private var heads: [Int32] = []
  /// The entry before, for each entry: `tableCount` for each descriptor.
  private var previous: [Int32] = []
  private var descriptors: [BinaryDescriptor] = []
  private var keyFrameOfDescriptor: [Int32] = []
  private(set) var keyFrameCount = 0

  /// Adds the next key frame. Key frames are numbered in the order in which they are added.
  mutating func add(_ features: KeyFrameFeatures) {
    if heads.isEmpty { heads = [Int32](repeating: -1, count: Self.tableCount * Self.tableSize) }
    for feature in 0..<min(features.count, Self.maximalFeatures) {
      let descriptor = features.descriptor(feature)
      for table in 0..<Self.tableCount {
        let slot = Self.slot(descriptor, table)
        previous.append(heads[slot])
        heads[slot] = Int32(Self.tableCount * descriptors.count + table)
      }
      descriptors.append(descriptor)
      keyFrameOfDescriptor.append(Int32(keyFrameCount))
    }
    keyFrameCount += 1
  }

  private static func slot(_ descriptor: BinaryDescriptor, _ table: Int) -> Int {
    let bits = descriptor.bits[table >> 2] >> UInt64(16 * (table & 3)) & 0xffff
    return table * tableSize + Int(bits)
  }

  /// The key frames that show most of what `features` are, the best first, at most one of those that follow one another.
  /// - Parameters:
  ///   - levels: levels of the query's pyramid; with two, places are found that the query shows from twice as near.
  ///   - isEligible: key frames that count; others are left out.
  func candidates(
    like features: KeyFrameFeatures, limit: Int, levels: Int, where isEligible: (Int) -> Bool = { _ in true }
  ) -> [Candidate] {
    guard !heads.isEmpty else { return [] }
    let eligible = (0..<keyFrameCount).map(isEligible)
    var scores = [Double](repeating: 0, count: keyFrameCount)
    // The query that a descriptor, or a key frame, was last met in.
    var lastOfDescriptor = [Int32](repeating: -1, count: descriptors.count)
    var lastOfKeyFrame = [Int32](repeating: -1, count: keyFrameCount)
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
            let keyFrame = Int(keyFrameOfDescriptor[index])
            entry = previous[Int(entry)]
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
      let weight = logarithm(Double(keyFrameCount + 1) / Double(matched.count + 1)) + 0.1
      for keyFrame in matched { scores[keyFrame] += weight }
    }
    return Self.peaks(scores, limit: limit)
  }

  /// The best of each run of neighbouring key frames, with the scores of its neighbours added.
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
