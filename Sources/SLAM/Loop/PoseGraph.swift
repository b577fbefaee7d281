public import Geometry
public import LinearAlgebra

/// Key frames whose poses relative to one another were measured, with scale, since that drifts too.
///
/// Levenberg–Marquardt on the group of similarities, `worldFromNode ← worldFromNode · exp(δ)`, on the error
/// `log(aFromB⁻¹ · worldFromA⁻¹ · worldFromB)` of each edge. The same input gives the same result, bit for bit.
///
/// Sources: Strasdat, Montiel, Davison 2010, "Scale drift-aware large scale monocular SLAM", §III; Agarwal et al. 2013,
/// "Robust map optimization using dynamic covariance scaling", eq. 15, for edges that may be wrong.
public struct PoseGraph: Sendable {
  /// A measurement.
  public struct Edge: Hashable, Sendable {
    /// Indices of the two nodes.
    public var a: Int
    public var b: Int
    public var aFromB: Sim3
    /// One over the squared standard deviations of the linear part, the angular part and the logarithm of the scale.
    public var information: SIMD3<Double>
    /// Edges of places that were recognised may be wrong; they lose weight when they contradict the rest.
    public var mayBeWrong: Bool

    public init(
      a: Int, b: Int, aFromB: Sim3, information: SIMD3<Double> = SIMD3(repeating: 1), mayBeWrong: Bool = false
    ) {
      self.a = a
      self.b = b
      self.aFromB = aFromB
      self.information = information
      self.mayBeWrong = mayBeWrong
    }
  }

  /// What optimisation did.
  public struct Report: Hashable, Sendable {
    /// Sums of the edges' squared errors.
    public var initialCost: Double
    public var finalCost: Double
    /// Steps that were taken.
    public var steps = 0
  }

  public var worldFromNode: [Sim3]
  /// Nodes that stay; one at least, or the graph drifts freely.
  public var isFixed: [Bool]
  public var edges: [Edge]
  /// Squared error at which an edge that may be wrong begins to lose weight.
  public var tolerance = 10.0

  /// - Precondition: a flag for each node, and edges between nodes that exist.
  public init(worldFromNode: [Sim3], isFixed: [Bool], edges: [Edge]) {
    precondition(worldFromNode.count == isFixed.count, "one flag for each node")
    precondition(
      edges.allSatisfy { worldFromNode.indices.contains($0.a) && worldFromNode.indices.contains($0.b) },
      "edges of what exists")
    self.worldFromNode = worldFromNode
    self.isFixed = isFixed
    self.edges = edges
  }

  /// Moves the free nodes until they agree best with the edges. Never makes the cost greater.
  @discardableResult
  public mutating func optimise(iterations: Int) -> Report {
    let order = eliminationOrder
    var cost = self.cost
    var report = Report(initialCost: cost, finalCost: cost)
    var damping = 1e-6
    for _ in 0..<iterations {
      guard let step = step(order, damping: damping) else {
        damping *= 10
        continue
      }
      var moved = self
      for (place, node) in order.enumerated() {
        let d = step[7 * place..<7 * place + 7].map { $0 }
        moved.worldFromNode[node] = worldFromNode[node] * .exp(Sim3.Tangent(d))
      }
      let movedCost = moved.cost
      guard movedCost <= cost else {
        damping *= 10
        if damping > 1e8 { break }
        continue
      }
      let gain = cost - movedCost
      (self, cost) = (moved, movedCost)
      report.steps += 1
      report.finalCost = cost
      if gain <= 1e-6 * cost { break }
      damping = max(damping / 10, 1e-12)
    }
    return report
  }

  // MARK: Errors

  /// Sum of the edges' squared errors, those that may be wrong with their lowered weight.
  public var cost: Double {
    edges.reduce(0) { sum, edge in
      let squared = squaredError(edge)
      guard edge.mayBeWrong, squared > tolerance else { return sum + squared }
      // The integral of the weight below: grows ever slower, up to three times the tolerance.
      return sum + 3 * tolerance - 4 * tolerance * tolerance / (tolerance + squared)
    }
  }

  /// What an edge's measurement and its nodes disagree by.
  public func error(_ edge: Edge) -> Sim3.Tangent {
    (edge.aFromB.inverse * worldFromNode[edge.a].inverse * worldFromNode[edge.b]).log
  }

  /// The error weighted by the edge's information.
  public func squaredError(_ edge: Edge) -> Double {
    let error = error(edge)
    return edge.information.x * error.linear.dot(error.linear)
      + edge.information.y * error.angular.dot(error.angular)
      + edge.information.z * error.logScale * error.logScale
  }

  /// How much an edge counts: 1, or less for one that may be wrong and contradicts the rest.
  private func weight(_ edge: Edge, _ squared: Double) -> Double {
    guard edge.mayBeWrong, squared > tolerance else { return 1 }
    let scaling = 2 * tolerance / (tolerance + squared)
    return scaling * scaling
  }

  /// The derivatives of an edge's error by the steps of its two nodes, 7×7: linear, angular, logarithm of the scale.
  public func jacobians(_ edge: Edge) -> (a: Matrix, b: Matrix) {
    let bFromA = worldFromNode[edge.b].inverse * worldFromNode[edge.a]
    // log(exp(e)·exp(δ)) = e + (I + ½ ad e + ¹⁄₁₂ (ad e)² − …)·δ, by Baker, Campbell and Hausdorff.
    let bracket = error(edge).bracket
    let square = bracket * bracket
    var byB = Matrix.identity(7)
    for index in byB.elements.indices {
      byB.elements[index] += bracket.elements[index] / 2 + square.elements[index] / 12
    }
    var byA = byB * bFromA.adjointMatrix
    for index in byA.elements.indices { byA.elements[index] = -byA.elements[index] }
    return (byA, byB)
  }

  // MARK: Linear system

  /// The step that minimises the damped quadratic model, seven numbers for each free node in `order`.
  private func step(_ order: [Int], damping: Double) -> [Double]? {
    var places = [Int](repeating: -1, count: worldFromNode.count)
    for (place, node) in order.enumerated() { places[node] = place }
    // Rows from the first entry that is not zero to the diagonal.
    var starts = Array(order.indices)
    for edge in edges {
      let (a, b) = (places[edge.a], places[edge.b])
      if a >= 0, b >= 0 { starts[max(a, b)] = min(starts[max(a, b)], a, b) }
    }
    var rows = (0..<7 * order.count).map { row in
      [Double](repeating: 0, count: row - 7 * starts[row / 7] + 1)
    }
    var right = [Double](repeating: 0, count: 7 * order.count)
    for edge in edges {
      let (byA, byB) = jacobians(edge)
      let error = error(edge).components
      let weight = weight(edge, squaredError(edge))
      let diagonal = edge.information
      let weights = (0..<7).map { weight * ($0 < 3 ? diagonal.x : $0 < 6 ? diagonal.y : diagonal.z) }
      let sides = [(places[edge.a], byA), (places[edge.b], byB)].filter { $0.0 >= 0 }
      for (place, jacobian) in sides {
        for i in 0..<7 {
          let row = 7 * place + i
          for k in 0..<7 { right[row] -= jacobian[k, i] * weights[k] * error[k] }
          for (other, otherJacobian) in sides where other <= place {
            for j in 0..<(other == place ? i + 1 : 7) {
              var sum = 0.0
              for k in 0..<7 { sum += jacobian[k, i] * weights[k] * otherJacobian[k, j] }
              rows[row][7 * (other - starts[place]) + j] += sum
            }
          }
        }
      }
    }
    for row in rows.indices {
      let last = rows[row].count - 1
      rows[row][last] += damping * (rows[row][last] + 1e-3) + 1e-12
    }
    return Cholesky(envelope: rows)?.solve(right)
  }

  /// The free nodes in an order that keeps edges near the diagonal, so that the factor stays thin.
  /// Source: Cuthill, McKee 1969, "Reducing the bandwidth of sparse symmetric matrices", in the reverse order of George.
  private var eliminationOrder: [Int] {
    var neighbours = [[Int]](repeating: [], count: worldFromNode.count)
    for edge in edges where !isFixed[edge.a] && !isFixed[edge.b] && edge.a != edge.b {
      neighbours[edge.a].append(edge.b)
      neighbours[edge.b].append(edge.a)
    }
    var order: [Int] = []
    var isPlaced = isFixed
    for node in worldFromNode.indices where !isPlaced[node] {
      // The far end of the part of the graph that this node is in: the walk from there has the thinnest fronts.
      let start = Self.walk(from: node, neighbours, isPlaced).last ?? node
      let walk = Self.walk(from: start, neighbours, isPlaced)
      for reached in walk { isPlaced[reached] = true }
      order += walk
    }
    return order.reversed()
  }

  /// Breadth first, those with fewest neighbours first.
  private static func walk(from start: Int, _ neighbours: [[Int]], _ isPlaced: [Bool]) -> [Int] {
    var isReached = isPlaced
    var walk = [start]
    isReached[start] = true
    var next = 0
    while next < walk.count {
      let fresh = neighbours[walk[next]].sorted {
        (neighbours[$0].count, $0) < (neighbours[$1].count, $1)
      }
      for node in fresh where !isReached[node] {
        isReached[node] = true
        walk.append(node)
      }
      next += 1
    }
    return walk
  }
}
