/// Which of several masks each pixel of a picture is of, inside the box around them all.
///
/// Column by column, as run lengths go through a picture.
struct PixelOwners {
  private let across: BilinearTaps
  private let down: BilinearTaps
  private let columns: Range<Int>
  private let rows: Range<Int>
  /// The mask that is surest of the pixel; -1 for none.
  private var owners: [Int32]
  /// How sure that is. Pixels that nobody is sure of are nobody's.
  private var best: [Float]

  /// - Parameter boxes: of the masks, in pixels of the picture.
  init(_ boxes: [(columns: Range<Int>, rows: Range<Int>)], _ across: BilinearTaps, _ down: BilinearTaps) {
    self.across = across
    self.down = down
    columns = Self.union(boxes.map(\.columns))
    rows = Self.union(boxes.map(\.rows))
    owners = Array(repeating: -1, count: columns.count * rows.count)
    best = Array(repeating: 0, count: columns.count * rows.count)
  }

  private static func union(_ ranges: [Range<Int>]) -> Range<Int> {
    guard let first = ranges.first else { return 0..<0 }
    return ranges.reduce(first) { min($0.lowerBound, $1.lowerBound)..<max($0.upperBound, $1.upperBound) }
  }

  /// - Precondition: the pixel is in the box of a mask.
  subscript(x: Int, y: Int) -> Int { Int(owners[(x - columns.lowerBound) * rows.count + y - rows.lowerBound]) }

  /// Gives the mask the pixels of its box that it is surer of than those before.
  mutating func claim(for index: Int, _ mask: LogitMask, columns own: Range<Int>, rows ownRows: Range<Int>) {
    var column = [Float](repeating: 0, count: mask.height)
    let cells = (down.first[ownRows.lowerBound])...(down.second[ownRows.upperBound - 1])
    for x in own {
      let (left, right, weight) = (across.first[x], across.second[x], across.weight[x])
      for cell in cells {
        let row = cell * mask.width
        column[cell] = (1 - weight) * mask.logits[row + left] + weight * mask.logits[row + right]
      }
      claimColumn(x, for: index, column, rows: ownRows)
    }
  }

  private mutating func claimColumn(_ x: Int, for index: Int, _ column: [Float], rows own: Range<Int>) {
    let start = (x - columns.lowerBound) * rows.count - rows.lowerBound
    for y in own {
      let weight = down.weight[y]
      let value = (1 - weight) * column[down.first[y]] + weight * column[down.second[y]]
      if value > best[start + y] {
        best[start + y] = value
        owners[start + y] = Int32(index)
      }
    }
  }
}
