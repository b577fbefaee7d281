import Geometry
import LinearAlgebra
import SLAM
import TestSupport
import Testing

@Suite struct PoseGraphTests {
  private var random = SeededGenerator(seed: 7)

  private mutating func tangent(_ size: Double) -> Sim3.Tangent {
    func next() -> Double { Double.random(in: -size...size, using: &random) }
    return Sim3.Tangent(
      linear: SIMD3(next(), next(), next()), angular: SIMD3(next(), next(), next()), logScale: next())
  }

  private func components(_ t: Sim3.Tangent) -> [Double] {
    [t.linear.x, t.linear.y, t.linear.z, t.angular.x, t.angular.y, t.angular.z, t.logScale]
  }

  /// A ring of nodes that look inwards.
  private func ring(_ count: Int) -> [Sim3] {
    (0..<count).map { index in
      let angle = 2 * Double.pi * Double(index) / Double(count)
      let turn = SO3.exp(SIMD3(0, angle, 0))
      return Sim3(scale: 1, rotation: turn, translation: turn * SIMD3(0, 0, -10))
    }
  }

  /// Where dead reckoning ends up when each step measures lengths a little too long.
  private func drifting(_ truth: [Sim3], drift: Sim3) -> PoseGraph {
    var nodes = [truth[0]]
    var edges: [PoseGraph.Edge] = []
    for index in 1..<truth.count {
      let measured = truth[index - 1].inverse * truth[index] * drift
      edges.append(.init(a: index - 1, b: index, aFromB: measured))
      nodes.append(nodes[index - 1] * measured)
    }
    var isFixed = [Bool](repeating: false, count: truth.count)
    isFixed[0] = true
    return PoseGraph(worldFromNode: nodes, isFixed: isFixed, edges: edges)
  }

  private func worstError(_ nodes: [Sim3], _ truth: [Sim3]) -> Double {
    zip(nodes, truth).map { ($0.translation - $1.translation).norm }.max() ?? 0
  }

  private let drift = Sim3(scale: 1.004, rotation: .exp(SIMD3(0, 0.002, 0.001)), translation: SIMD3(0, 0.01, 0))

  @Test mutating func jacobiansAreThoseOfTheError() {
    for _ in 0..<20 {
      let nodes = [Sim3.exp(tangent(1)), Sim3.exp(tangent(1))]
      let edge = PoseGraph.Edge(
        a: 0, b: 1, aFromB: nodes[0].inverse * nodes[1] * .exp(tangent(0.05)))
      let graph = PoseGraph(worldFromNode: nodes, isFixed: [true, false], edges: [edge])
      let (byA, byB) = graph.jacobians(edge)
      for (node, jacobian) in [(0, byA), (1, byB)] {
        for column in 0..<7 {
          let sides = [1e-5, -1e-5].map { size in
            var step = Sim3.Tangent(linear: .zero, angular: .zero, logScale: column == 6 ? size : 0)
            if column < 3 { step.linear[column] = size } else if column < 6 { step.angular[column - 3] = size }
            var moved = graph
            moved.worldFromNode[node] = nodes[node] * .exp(step)
            return components(moved.error(edge))
          }
          for row in 0..<7 {
            let slope = (sides[0][row] - sides[1][row]) / 2e-5
            // The series of the Jacobian ends before the fourth power of the error.
            #expect(abs(slope - jacobian[row, column]) < 1e-4)
          }
        }
      }
    }
  }

  @Test func closesARingWhoseScaleDrifts() {
    let truth = ring(120)
    var graph = drifting(truth, drift: drift)
    let before = worstError(graph.worldFromNode, truth)
    graph.edges.append(
      .init(
        a: 0, b: 119, aFromB: truth[0].inverse * truth[119], information: SIMD3(repeating: 1e4), mayBeWrong: false))
    let report = graph.optimise(iterations: 30)
    let after = worstError(graph.worldFromNode, truth)
    #expect(before > 4 && after < 0.2 * before, "\(before) → \(after)")
    #expect(report.finalCost < 0.05 * report.initialCost)
    #expect(abs(graph.worldFromNode[119].scale - 1) < 0.01)
  }

  @Test func aWrongLoopBendsNothing() {
    let truth = ring(60)
    var graph = drifting(truth, drift: .identity)
    for index in graph.edges.indices { graph.edges[index].information = SIMD3(repeating: 1e4) }
    graph.edges.append(
      .init(
        a: 0, b: 30, aFromB: Sim3(scale: 0.5, rotation: .exp(SIMD3(1, 0, 0)), translation: SIMD3(1, 2, 3)),
        information: SIMD3(repeating: 1e4), mayBeWrong: true))
    graph.edges.append(
      .init(
        a: 0, b: 59, aFromB: truth[0].inverse * truth[59], information: SIMD3(repeating: 1e4), mayBeWrong: true))
    graph.optimise(iterations: 20)
    #expect(worstError(graph.worldFromNode, truth) < 0.05)
  }

  @Test func aThousandNodesWithManyLoopsStayThin() {
    // Two rounds: each node of the second meets one of the first.
    let round = ring(500)
    let truth = round + round
    var graph = drifting(truth, drift: Sim3(scale: 1.0004, rotation: .identity, translation: SIMD3(0, 0.001, 0)))
    for index in stride(from: 0, to: 500, by: 5) {
      graph.edges.append(.init(a: index, b: 500 + index, aFromB: .identity, mayBeWrong: true))
    }
    let report = graph.optimise(iterations: 8)
    #expect(report.finalCost < 0.1 * report.initialCost)
  }
}
