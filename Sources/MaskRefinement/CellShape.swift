/// Which cells of a region are of an object, row by row.
struct CellShape {
  let width: Int
  let height: Int
  var isInside: [Bool]

  var area: Int { isInside.count { $0 } }

  /// Leaves out islands that are smaller than a share of the largest, and fills holes that are.
  ///
  /// Complexity: O(cells).
  mutating func tidy(share: Float) {
    let islands = parts(where: true)
    let largest = islands.map(\.cells.count).max() ?? 0
    for island in islands where Float(island.cells.count) < share * Float(largest) {
      for cell in island.cells { isInside[Int(cell)] = false }
    }
    for hole in parts(where: false) where !hole.touchesEdge && Float(hole.cells.count) < share * Float(largest) {
      for cell in hole.cells { isInside[Int(cell)] = true }
    }
  }

  /// Groups of neighbouring cells, four neighbours each, that are all inside or all outside.
  private func parts(where value: Bool) -> [(cells: [Int32], touchesEdge: Bool)] {
    var isSeen = [Bool](repeating: false, count: isInside.count)
    var result: [(cells: [Int32], touchesEdge: Bool)] = []
    for start in isInside.indices where isInside[start] == value && !isSeen[start] {
      isSeen[start] = true
      var cells = [Int32(start)]
      var next = 0
      var touchesEdge = false
      while next < cells.count {
        let cell = Int(cells[next])
        next += 1
        let (x, y) = (cell % width, cell / width)
        func visit(_ isThere: Bool, _ other: Int) {
          guard isThere else {
            touchesEdge = true
            return
          }
          if isInside[other] == value, !isSeen[other] {
            isSeen[other] = true
            cells.append(Int32(other))
          }
        }
        visit(x > 0, cell - 1)
        visit(x + 1 < width, cell + 1)
        visit(y > 0, cell - width)
        visit(y + 1 < height, cell + width)
      }
      result.append((cells, touchesEdge))
    }
    return result
  }
}
