public import Geometry

/// Where the camera was at the last frames that SLAM looked at, to be asked about times between them.
public struct PoseHistory: Sendable {
  /// What is known of a time.
  public enum Answer: Hashable, Sendable {
    case pose(map: Int, worldFromCamera: SE3)
    /// The camera was lost, or the poses around are too far apart.
    case unknown
    /// Poses that are still to come may tell.
    case notYet
  }

  private struct Entry {
    var nanos: Int64
    var map: Int
    /// `nil`: the camera was lost.
    var worldFromCamera: SE3?
  }

  private var entries: [Entry] = []
  private let limit: Int
  private let maximalGap: Int64

  /// - Parameters:
  ///   - limit: poses that are kept, the newest.
  ///   - maximalGap: between poses that something is told of the time between, seconds.
  public init(limit: Int = 1_024, maximalGap: Double = 0.5) {
    self.limit = limit
    self.maximalGap = Int64(maximalGap * 1e9)
  }

  /// Notes a pose, in any order; of two at one time the later one counts.
  public mutating func add(nanos: Int64, map: Int, worldFromCamera: SE3?) {
    let place = firstIndex(after: nanos)
    let entry = Entry(nanos: nanos, map: map, worldFromCamera: worldFromCamera)
    if place > 0, entries[place - 1].nanos == nanos {
      entries[place - 1] = entry
    } else {
      entries.insert(entry, at: place)
    }
    if entries.count > limit + limit / 8 { entries.removeFirst(entries.count - limit) }
  }

  /// Where the camera was: at constant speed between two poses of one map. A microsecond is no difference.
  /// - Parameter isComplete: whether no more poses come.
  public func answer(at nanos: Int64, isComplete: Bool = false) -> Answer {
    let next = firstIndex(after: nanos)
    for index in [next - 1, next] where entries.indices.contains(index) {
      let entry = entries[index]
      guard abs(entry.nanos - nanos) <= 1_000 else { continue }
      return entry.worldFromCamera.map { .pose(map: entry.map, worldFromCamera: $0) } ?? .unknown
    }
    guard next < entries.count else { return isComplete ? .unknown : .notYet }
    guard next > 0 else { return .unknown }
    let (a, b) = (entries[next - 1], entries[next])
    guard let start = a.worldFromCamera, let end = b.worldFromCamera, a.map == b.map, b.nanos - a.nanos <= maximalGap
    else { return .unknown }
    let fraction = Double(nanos - a.nanos) / Double(b.nanos - a.nanos)
    return .pose(
      map: a.map,
      worldFromCamera: SE3(
        rotation: .interpolated(from: start.rotation, to: end.rotation, fraction: fraction),
        translation: start.translation + fraction * (end.translation - start.translation)))
  }

  private func firstIndex(after nanos: Int64) -> Int {
    var (low, high) = (0, entries.count)
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].nanos > nanos { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
