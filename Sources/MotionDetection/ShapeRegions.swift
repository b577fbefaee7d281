/// Which marked cells of a square window are one object's.
struct ShapeRegions {
  /// Cells in a row and in a column.
  let side: Int
  /// 0 for cells without a mark, or the number of the connected region.
  private var labels: [Int32]
  /// Cells of each region, and the box around it: left, top, right, bottom, right and bottom outside. That of number 0 is
  /// empty.
  private var areas = [0]
  private var boxes = [SIMD4<Int32>.zero]

  /// - Parameter marks: row after row, 1 for marked cells.
  init(_ marks: [UInt8], side: Int) {
    self.side = side
    labels = Array(repeating: 0, count: marks.count)
    var waiting: [Int] = []
    for first in marks.indices where marks[first] == 1 && labels[first] == 0 {
      let number = Int32(areas.count)
      areas.append(0)
      boxes.append(SIMD4(Int32(side), Int32(side), 0, 0))
      labels[first] = number
      waiting.append(first)
      while let place = waiting.popLast() {
        let corner = SIMD2(Int32(place % side), Int32(place / side))
        let box = boxes[Int(number)]
        areas[Int(number)] += 1
        boxes[Int(number)] = SIMD4(
          lowHalf: pointwiseMin(box.lowHalf, corner), highHalf: pointwiseMax(box.highHalf, corner &+ 1))
        Self.forNeighbours(of: place, side: side) { next in
          guard marks[next] == 1, labels[next] == 0 else { return }
          labels[next] = number
          waiting.append(next)
        }
      }
    }
  }

  private static func forNeighbours(of place: Int, side: Int, _ body: (Int) -> Void) {
    let (x, y) = (place % side, place / side)
    if x > 0 { body(place - 1) }
    if x + 1 < side { body(place + 1) }
    if y > 0 { body(place - side) }
    if y + 1 < side { body(place + side) }
  }

  /// The region that is largest and holds most seeds, with those right beside it that are nearly as good and those that are
  /// likely the object's, as where a tree hides its middle; without holes.
  /// - Parameter odds: logarithms, cell by cell.
  /// - Returns: 1 for cells of it; `nil` where no seed lies in or beside a region.
  func main(near seeds: [SIMD2<Float>], odds: [Float]) -> [UInt8]? {
    var votes = [Float](repeating: 0, count: areas.count)
    for seed in seeds {
      let (x, y) = (Int(seed.x + 0.5), Int(seed.y + 0.5))
      guard x >= 1, y >= 1, x < side - 1, y < side - 1 else { continue }
      var found: Int32 = 0
      for v in y - 1...y + 1 { for u in x - 1...x + 1 where labels[v * side + u] > 0 { found = labels[v * side + u] } }
      if found > 0 { votes[Int(found)] += 1 }
    }
    let all = votes.reduce(0, +)
    guard all > 0 else { return nil }
    let scores = areas.indices.map { votes[$0] > 0 ? Float(areas[$0]) * (0.3 + votes[$0] / all) : 0 }
    guard let best = scores.max(), best > 0, let top = scores.firstIndex(of: best) else { return nil }
    var sums = [Float](repeating: 0, count: areas.count)
    for (index, number) in labels.enumerated() { sums[Int(number)] += odds[index] }
    let reach = 0.05 * Float((boxes[top].highHalf &- boxes[top].lowHalf).max()) + 1
    let isPart = areas.indices.map { number -> Bool in
      guard number > 0 else { return false }
      if sums[number] > 1.2 * Float(areas[number]), 20 * areas[number] >= 3 * areas[top] { return true }
      let gap = pointwiseMax(boxes[top].lowHalf &- boxes[number].highHalf, boxes[number].lowHalf &- boxes[top].highHalf)
        .max()
      return scores[number] > 0 && scores[number] >= 0.3 * best && Float(gap) <= reach
    }
    return withoutHoles(labels.map { isPart[Int($0)] ? 1 : 0 })
  }

  private func withoutHoles(_ region: [UInt8]) -> [UInt8] {
    var result = [UInt8](repeating: 1, count: region.count)
    var waiting: [Int] = []
    func leave(_ index: Int) {
      guard region[index] == 0, result[index] == 1 else { return }
      result[index] = 0
      waiting.append(index)
    }
    for line in 0..<side {
      for index in [line, region.count - side + line, line * side, line * side + side - 1] { leave(index) }
    }
    while let place = waiting.popLast() { Self.forNeighbours(of: place, side: side, leave) }
    return result
  }
}
