public import MediaModel
import Tracking

/// How well objects that were found in a video agree with those that are there.
///
/// Boxes are matched frame by frame, one to one, at an intersection over union of 0.5 or more: first whom an object was
/// matched with in the frame before, then the best pairs. Source: Bernardin, Stiefelhagen 2008, "Evaluating multiple object
/// tracking performance: the CLEAR MOT metrics".
public struct DetectionScore: Hashable, Sendable {
  /// An object that is there.
  public struct Truth: Hashable, Sendable {
    public var id: Int
    /// Left, top, right, bottom, pixels; right and bottom are outside.
    public var box: SIMD4<Float>
    /// Whether it must be found. One that need not be is neither missed nor wrongly found.
    public var isWanted: Bool

    public init(id: Int, box: SIMD4<Float>, isWanted: Bool) {
      (self.id, self.box, self.isWanted) = (id, box, isWanted)
    }

    /// Whether what was found in a box may be this object, which need not be found.
    func excuses(_ found: SIMD4<Float>) -> Bool {
      !isWanted && (BoxOverlap.ofUnion(found, box) >= 0.3 || BoxOverlap.share(of: found, in: box) >= 0.5)
    }
  }

  /// Intersection over union from which boxes match.
  public static let minimalOverlap: Float = 0.5

  /// Wanted objects that were found, summed over frames.
  public private(set) var found = 0
  /// Wanted objects that were not found.
  public private(set) var missed = 0
  /// What was found, and is not there or not where it was found.
  public private(set) var wrong = 0
  /// How often an object was found under another identifier than the last time.
  public private(set) var switches = 0
  public private(set) var frames = 0
  /// The identifier that each object was last found under.
  private var names: [Int: Int] = [:]
  /// Objects that were found in the latest frame.
  private var current: Set<Int> = []

  public init() {}

  /// 0 where nothing was found.
  public var precision: Double { found + wrong > 0 ? Double(found) / Double(found + wrong) : 0 }
  /// 0 where nothing was wanted.
  public var recall: Double { found + missed > 0 ? Double(found) / Double(found + missed) : 0 }

  /// Adds a frame.
  public mutating func add(truth: [Truth], results: [TrackedObject]) {
    frames += 1
    let wanted = truth.filter(\.isWanted)
    let matches = matches(wanted, results)
    for (object, result) in zip(wanted, matches) {
      guard let result else {
        missed += 1
        continue
      }
      found += 1
      let name = results[result].id
      if let last = names[object.id], last != name { switches += 1 }
      names[object.id] = name
    }
    let used = Set(matches.compactMap { $0 })
    current = Set(zip(wanted, matches).filter { $0.1 != nil }.map(\.0.id))
    for (index, result) in results.enumerated() where !used.contains(index) {
      if !truth.contains(where: { $0.excuses(result.box) }) { wrong += 1 }
    }
  }

  /// The result of each wanted object.
  private func matches(_ wanted: [Truth], _ results: [TrackedObject]) -> [Int?] {
    var matches = [Int?](repeating: nil, count: wanted.count)
    var isTaken = [Bool](repeating: false, count: results.count)
    for (place, object) in wanted.enumerated() where current.contains(object.id) {
      guard let name = names[object.id], let index = results.firstIndex(where: { $0.id == name }), !isTaken[index],
        BoxOverlap.ofUnion(object.box, results[index].box) >= Self.minimalOverlap
      else { continue }
      matches[place] = index
      isTaken[index] = true
    }
    var pairs: [(overlap: Float, place: Int, index: Int)] = []
    for (place, object) in wanted.enumerated() where matches[place] == nil {
      for (index, result) in results.enumerated() where !isTaken[index] {
        let overlap = BoxOverlap.ofUnion(object.box, result.box)
        if overlap >= Self.minimalOverlap { pairs.append((overlap, place, index)) }
      }
    }
    pairs.sort { ($1.overlap, $0.place, $0.index) < ($0.overlap, $1.place, $1.index) }
    for pair in pairs where matches[pair.place] == nil && !isTaken[pair.index] {
      matches[pair.place] = pair.index
      isTaken[pair.index] = true
    }
    return matches
  }
}
