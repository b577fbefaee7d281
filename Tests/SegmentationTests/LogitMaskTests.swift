import MediaModel
import Segmentation
import TestSupport
import Testing

@Suite struct LogitMaskTests {
  @Test func edgesLieBetweenTheCells() {
    // The border between -1 and 3 is a quarter of the way from one centre to the other.
    let mask = LogitMask(width: 2, height: 1, logits: [-1, 3])
    let binary = mask.binary(at: Resolution(width: 80, height: 2))
    // Centres at 20 and 60: zero at 30.
    #expect(binary.pixels() == (0..<160).map { $0 % 80 >= 30 ? 1 : 0 })
  }

  @Test func nothingIsEmpty() {
    let mask = LogitMask(width: 2, height: 2, logits: [-1024, -1024, -1024, 0])
    #expect(mask.binary(at: Resolution(width: 7, height: 5)).area == 0)
    #expect(LogitMask.nonOverlapping([], at: Resolution(width: 7, height: 5)).isEmpty)
  }

  @Test func theSurestHasThePixel() {
    let one = LogitMask(width: 4, height: 1, logits: [2, 2, 1, -5])
    let other = LogitMask(width: 4, height: 1, logits: [1, 2, 2, -5])
    let masks = LogitMask.nonOverlapping([one, other], at: Resolution(width: 4, height: 1))
    // Where both are equally sure, the first has it.
    #expect(masks.map { $0.pixels() } == [[1, 1, 0, 0], [0, 0, 1, 0]])
  }

  @Test func equalsInterpolatingEveryPixel() {
    var random = SeededGenerator(seed: 5)
    for resolution in [Resolution(width: 37, height: 23), Resolution(width: 9, height: 5)] {
      let masks = (0..<3).map { _ in
        LogitMask(width: 11, height: 7, logits: (0..<77).map { _ in Float.random(in: -3...1, using: &random) })
      }
      let found = LogitMask.nonOverlapping(masks, at: resolution).map { $0.pixels() }
      for y in 0..<resolution.height {
        for x in 0..<resolution.width {
          let values = masks.map { value(of: $0, x, y, resolution) }
          let best = values.indices.filter { values[$0] > 0 }.max { values[$0] < values[$1] }
          #expect(found.map { $0[y * resolution.width + x] } == masks.indices.map { $0 == best ? 1 : 0 })
        }
      }
    }
  }

  /// Bilinear, from the definition.
  private func value(of mask: LogitMask, _ x: Int, _ y: Int, _ resolution: Resolution) -> Double {
    func place(_ pixel: Int, _ size: Int, _ cells: Int) -> (cell: Int, rest: Double) {
      let position = max((Double(pixel) + 0.5) * Double(cells) / Double(size) - 0.5, 0)
      return (Int(position), position - Double(Int(position)))
    }
    let (column, row) = (place(x, resolution.width, mask.width), place(y, resolution.height, mask.height))
    func logit(_ right: Int, _ down: Int) -> Double {
      let (x, y) = (min(column.cell + right, mask.width - 1), min(row.cell + down, mask.height - 1))
      return Double(mask.logits[y * mask.width + x])
    }
    let above = logit(0, 0) * (1 - column.rest) + logit(1, 0) * column.rest
    let below = logit(0, 1) * (1 - column.rest) + logit(1, 1) * column.rest
    return above * (1 - row.rest) + below * row.rest
  }
}
