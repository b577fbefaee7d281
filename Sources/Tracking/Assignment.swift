/// Who belongs to whom at the least cost.
///
/// Pairs that are impossible are left out, so the problem falls into small parts that are solved one by one.
///
/// Source: Jonker and Volgenant 1987, "A Shortest Augmenting Path Algorithm for Dense and Sparse Linear Assignment
/// Problems", the augmentation only.
package struct Assignment {
  /// A pair that is possible.
  package struct Pair: Hashable, Sendable {
    package var row: Int
    package var column: Int
    /// What it costs that the two belong together.
    package var cost: Double

    package init(row: Int, column: Int, cost: Double) {
      self.row = row
      self.column = column
      self.cost = cost
    }
  }

  /// What it costs that a row stays alone.
  package var costAlone: Double

  package init(costAlone: Double) { self.costAlone = costAlone }

  /// - Parameters:
  ///   - rows: how many there are.
  ///   - columns: how many there are.
  ///   - pairs: in any order, each at most once, costs finite.
  /// - Returns: for each row the index of its pair in `pairs`; `nil` where it stays alone.
  /// - Complexity: O(r²·(r + c)) for the r rows and c columns of the largest part.
  package func solved(rows: Int, columns: Int, pairs: [Pair]) -> [Int?] {
    var result = [Int?](repeating: nil, count: rows)
    // Pairs that cost more than being alone change nothing.
    let useful = pairs.indices.filter { pairs[$0].cost < costAlone }
    for part in Self.parts(rows: rows, columns: columns, pairs: pairs, useful) {
      if part.count == 1 {
        result[pairs[part[0]].row] = part[0]
      } else {
        solve(part, of: pairs, into: &result)
      }
    }
    return result
  }

  /// Groups of pairs that share no row and no column with another group, in the order of their first pairs.
  private static func parts(rows: Int, columns: Int, pairs: [Pair], _ useful: [Int]) -> [[Int]] {
    var parent = Array(0..<rows + columns)
    func root(_ node: Int) -> Int {
      var node = node
      while parent[node] != node {
        parent[node] = parent[parent[node]]
        node = parent[node]
      }
      return node
    }
    for index in useful { parent[root(pairs[index].row)] = root(rows + pairs[index].column) }
    var places = [Int](repeating: -1, count: rows + columns)
    var parts: [[Int]] = []
    for index in useful {
      let root = root(pairs[index].row)
      if places[root] < 0 {
        places[root] = parts.count
        parts.append([])
      }
      parts[places[root]].append(index)
    }
    return parts
  }

  private func solve(_ part: [Int], of pairs: [Pair], into result: inout [Int?]) {
    let rows = Array(Set(part.map { pairs[$0].row })).sorted()
    let columns = Array(Set(part.map { pairs[$0].column })).sorted()
    let rowPlace = Dictionary(uniqueKeysWithValues: zip(rows, rows.indices))
    let columnPlace = Dictionary(uniqueKeysWithValues: zip(columns, columns.indices))
    // Every row has a column of its own in which it is alone.
    let width = columns.count + rows.count
    var costs = [Double](repeating: .infinity, count: rows.count * width)
    var indices = [Int](repeating: -1, count: rows.count * width)
    for row in rows.indices { costs[row * width + columns.count + row] = costAlone }
    for index in part {
      guard let row = rowPlace[pairs[index].row], let column = columnPlace[pairs[index].column] else { continue }
      costs[row * width + column] = pairs[index].cost
      indices[row * width + column] = index
    }
    for (row, column) in Self.augmented(costs, rows: rows.count, columns: width).enumerated() {
      let index = indices[row * width + column]
      if index >= 0 { result[rows[row]] = index }
    }
  }

  /// - Parameter costs: row after row; each row has a column that nothing else can take.
  /// - Returns: the column of each row.
  private static func augmented(_ costs: [Double], rows: Int, columns: Int) -> [Int] {
    var rowPrice = [Double](repeating: 0, count: rows)
    var columnPrice = [Double](repeating: 0, count: columns)
    var rowOf = [Int](repeating: -1, count: columns)
    for start in 0..<rows {
      var distance = [Double](repeating: .infinity, count: columns)
      var before = [Int](repeating: -1, count: columns)
      var isDone = [Bool](repeating: false, count: columns)
      var (row, length, last) = (start, 0.0, -1)
      var path: [Int] = []
      while true {
        var (nearest, shortest) = (-1, Double.infinity)
        for column in 0..<columns where !isDone[column] {
          let through = length + costs[row * columns + column] - rowPrice[row] - columnPrice[column]
          if through < distance[column] { (distance[column], before[column]) = (through, last) }
          if distance[column] < shortest { (nearest, shortest) = (column, distance[column]) }
        }
        length = shortest
        isDone[nearest] = true
        path.append(nearest)
        last = nearest
        guard rowOf[nearest] >= 0 else { break }
        row = rowOf[nearest]
      }
      rowPrice[start] += length
      for column in path.dropLast() {
        rowPrice[rowOf[column]] += length - distance[column]
        columnPrice[column] -= length - distance[column]
      }
      var column = last
      while before[column] >= 0 {
        rowOf[column] = rowOf[before[column]]
        column = before[column]
      }
      rowOf[column] = start
    }
    var result = [Int](repeating: -1, count: rows)
    for column in 0..<columns where rowOf[column] >= 0 { result[rowOf[column]] = column }
    return result
  }
}
