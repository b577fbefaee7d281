import TestSupport
import Testing
import Tracking

@Suite struct AssignmentTests {
  /// The least cost of all ways to pair, by trying them.
  private func bruteForce(_ costs: [[Double?]], alone: Double, row: Int = 0, taken: Set<Int> = []) -> Double {
    guard row < costs.count else { return 0 }
    var best = alone + bruteForce(costs, alone: alone, row: row + 1, taken: taken)
    for (column, cost) in costs[row].enumerated() where !taken.contains(column) {
      guard let cost else { continue }
      best = min(best, cost + bruteForce(costs, alone: alone, row: row + 1, taken: taken.union([column])))
    }
    return best
  }

  @Test func costsAreTheLeastThereAre() {
    var random = SeededGenerator(seed: 3)
    for _ in 0..<500 {
      let (rows, columns) = (Int.random(in: 0...5, using: &random), Int.random(in: 0...6, using: &random))
      let density = Double.random(in: 0.2...1, using: &random)
      let costs: [[Double?]] = (0..<rows).map { _ in
        (0..<columns).map { _ in
          Double.random(in: 0...1, using: &random) < density ? Double.random(in: -0.5...1.5, using: &random) : nil
        }
      }
      var pairs: [Assignment.Pair] = []
      for row in 0..<rows {
        for column in 0..<columns {
          if let cost = costs[row][column] { pairs.append(.init(row: row, column: column, cost: cost)) }
        }
      }
      let solved = Assignment(costAlone: 1).solved(rows: rows, columns: columns, pairs: pairs.shuffled(using: &random))
      #expect(solved.count == rows)
      let again = Assignment(costAlone: 1).solved(rows: rows, columns: columns, pairs: pairs)
      let chosen = again.compactMap { $0 }
      #expect(Set(chosen.map { pairs[$0].column }).count == chosen.count)
      #expect(again.enumerated().allSatisfy { row, pair in pair.map { pairs[$0].row == row } ?? true })
      let cost = chosen.reduce(0) { $0 + pairs[$1].cost } + Double(rows - chosen.count)
      #expect(abs(cost - bruteForce(costs, alone: 1)) < 1e-9)
    }
  }

  @Test func aLongChainIsSolved() {
    // Row i prefers column i, but i + 1 costs almost the same: one long chain.
    var pairs: [Assignment.Pair] = []
    for row in 0..<400 {
      pairs.append(.init(row: row, column: row, cost: 0.5))
      if row + 1 < 400 { pairs.append(.init(row: row, column: row + 1, cost: 0.4995)) }
    }
    let solved = Assignment(costAlone: 1).solved(rows: 400, columns: 400, pairs: pairs)
    // All shifted would leave one row alone.
    #expect(solved.compactMap { $0 }.count == 400)
    #expect(solved.enumerated().allSatisfy { row, pair in pair.map { pairs[$0].column == row } ?? false })
  }
}
