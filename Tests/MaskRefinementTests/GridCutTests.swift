import MaskRefinement
import TestSupport
import Testing

@Suite struct GridCutTests {
  private struct Problem {
    var width: Int
    var height: Int
    var outside: [Int32] = []
    var inside: [Int32] = []
    /// Cost of parting a pixel from a neighbour in one of the first four directions.
    var edges: [(x: Int, y: Int, direction: Int, cost: Int32)] = []

    init(width: Int, height: Int, _ random: inout SeededGenerator) {
      (self.width, self.height) = (width, height)
      for y in 0..<height {
        for x in 0..<width {
          outside.append(Int32.random(in: 0...20, using: &random))
          inside.append(Bool.random(using: &random) ? 0 : Int32.random(in: 0...20, using: &random))
          for direction in 0..<4 {
            let step = GridCut.steps[direction]
            guard (0..<width).contains(x + step.x), (0..<height).contains(y + step.y) else { continue }
            edges.append((x, y, direction, Int32.random(in: 0...12, using: &random)))
          }
        }
      }
    }

    func cost(_ isInside: (Int, Int) -> Bool) -> Int {
      var sum = 0
      for y in 0..<height {
        for x in 0..<width { sum += Int(isInside(x, y) ? inside[y * width + x] : outside[y * width + x]) }
      }
      for edge in edges {
        let step = GridCut.steps[edge.direction]
        if isInside(edge.x, edge.y) != isInside(edge.x + step.x, edge.y + step.y) { sum += Int(edge.cost) }
      }
      return sum
    }

    func solved() -> GridCut {
      var grid = GridCut(width: width, height: height)
      for y in 0..<height {
        for x in 0..<width {
          grid.setCosts(x, y, outside: outside[y * width + x], inside: inside[y * width + x])
        }
      }
      for edge in edges { grid.setCost(edge.x, edge.y, direction: edge.direction, edge.cost) }
      grid.solve()
      return grid
    }
  }

  @Test func cutsAreTheCheapestThereAre() {
    var random = SeededGenerator(seed: 5)
    for _ in 0..<200 {
      let (width, height) = (Int.random(in: 1...4, using: &random), Int.random(in: 1...3, using: &random))
      let problem = Problem(width: width, height: height, &random)
      let cheapest = (0..<1 << (width * height)).map { sides in
        problem.cost { x, y in sides >> (y * width + x) & 1 == 1 }
      }.min()
      let grid = problem.solved()
      #expect(grid.flow == cheapest)
      #expect(problem.cost { grid.isInside($0, $1) } == cheapest)
    }
  }

  /// The largest flow is the cost of the cheapest cut: on large grids the one proves the other.
  @Test func flowEqualsCutOnLargeGrids() {
    var random = SeededGenerator(seed: 6)
    for size in [(1, 300), (300, 1), (80, 60), (120, 90)] {
      let problem = Problem(width: size.0, height: size.1, &random)
      let grid = problem.solved()
      #expect(problem.cost { grid.isInside($0, $1) } == grid.flow)
    }
  }
}
