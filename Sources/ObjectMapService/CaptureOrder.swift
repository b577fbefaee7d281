internal import BusMessages
internal import MediaModel
internal import ObjectMapping

/// Puts what SLAM and detection say of a stream into the order of capture: who of them is faster makes no difference then.
///
/// What is of a time waits until both have come so far, for two seconds of capture time at most: one of them may be off, or
/// far behind.
struct CaptureOrder {
  /// What is said of a frame.
  enum Input {
    case pose(CameraPose)
    case objects(ProcessedFrame)
    /// The map, as it was placed at the frame of this capture time, nanoseconds.
    case cloud(PointCloud, at: Int64)
  }

  private struct Entry {
    var nanos: Int64
    /// At one time: the pose, then the objects, then the map.
    var rank: Int
    var input: Input
  }

  /// Nanoseconds of capture time.
  static let longestWait: Int64 = 2_000_000_000
  /// What waits at most: two seconds of poses and objects at 60 frames a second, and the maps of key frames.
  static let maximalCount = 256

  /// By time and rank.
  private var entries: [Entry] = []
  private var newestPose: Int64?
  private var newestObjects: Int64?

  private var newest: Int64? { [newestPose, newestObjects].compactMap { $0 }.max() }

  /// - Precondition: times are some seconds away from the ends of their range.
  mutating func add(_ input: Input, at nanos: Int64) {
    // A clock that was set back begins anew.
    if let newest, nanos < newest - 5 * Self.longestWait { (newestPose, newestObjects) = (nil, nil) }
    switch input {
    case .pose:
      newestPose = max(newestPose ?? nanos, nanos)
      insert(Entry(nanos: nanos, rank: 0, input: input))
    case .objects:
      newestObjects = max(newestObjects ?? nanos, nanos)
      insert(Entry(nanos: nanos, rank: 1, input: input))
    case .cloud:
      // It is made a while after its frame: its place is behind the pose that came before it.
      insert(Entry(nanos: max(nanos, newestPose ?? nanos), rank: 2, input: input))
    }
  }

  private mutating func insert(_ entry: Entry) {
    let place = entries.lastIndex { ($0.nanos, $0.rank) <= (entry.nanos, entry.rank) }.map { $0 + 1 } ?? 0
    entries.insert(entry, at: place)
  }

  /// The next in order that need not wait, and its time.
  /// - Parameter isOver: whether nothing more comes, so that nothing waits.
  mutating func next(isOver: Bool = false) -> (nanos: Int64, input: Input)? {
    guard let first = entries.first else { return nil }
    let both = newestPose.flatMap { pose in newestObjects.map { min(pose, $0) } }
    let isReady =
      isOver || both.map { first.nanos <= $0 } ?? false || first.nanos < (newest ?? first.nanos) - Self.longestWait
      || entries.count > Self.maximalCount
    guard isReady else { return nil }
    entries.removeFirst()
    return (first.nanos, first.input)
  }
}
