/// Finds the place of each picture on the screen from picture order counts, for streams without timestamps.
///
/// A decoder shows pictures by ascending picture order count, from a buffer of `depth` pictures (H.264 annex C.4); the
/// same rule gives every coded picture its display index without decoding it.
struct DisplayOrder {
  private struct Waiting {
    var order: Int
    var displayIndex: Int64?
  }

  private let depth: Int
  private var nextDisplayIndex: Int64 = 0
  /// Pictures in decoding order whose display index was not handed out yet.
  private var waiting: [Waiting] = []

  /// - Parameter depth: how many pictures decoding runs ahead of output.
  init(depth: Int) { self.depth = depth }

  /// Takes the next picture in decoding order.
  /// - Parameters:
  ///   - order: its picture order count.
  ///   - startsGroup: whether the count starts again here (IDR): everything before is shown first.
  /// - Returns: the display indexes that are known now, of the earliest pictures in decoding order.
  mutating func append(order: Int, startsGroup: Bool) -> [Int64] {
    if startsGroup { assignAll(keeping: 0) }
    waiting.append(Waiting(order: order, displayIndex: nil))
    assignAll(keeping: depth)
    return takeKnown()
  }

  /// No picture follows.
  mutating func finish() -> [Int64] {
    assignAll(keeping: 0)
    return takeKnown()
  }

  private mutating func assignAll(keeping count: Int) {
    while waiting.count(where: { $0.displayIndex == nil }) > count {
      let candidates = waiting.indices.filter { waiting[$0].displayIndex == nil }
      guard let first = candidates.min(by: { waiting[$0].order < waiting[$1].order }) else { return }
      waiting[first].displayIndex = nextDisplayIndex
      nextDisplayIndex += 1
    }
  }

  private mutating func takeKnown() -> [Int64] {
    let known = waiting.prefix { $0.displayIndex != nil }.compactMap(\.displayIndex)
    waiting.removeFirst(known.count)
    return known
  }
}
