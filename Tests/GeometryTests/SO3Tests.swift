import Geometry
import Testing

/// Rotation vectors of many sizes: none, tiny, around the switch to series, ordinary, close to π.
private let rotationVectors: [SIMD3<Double>] = [
  .zero, SIMD3(1e-12, -2e-12, 3e-12), SIMD3(1e-5, 2e-5, -1e-5), SIMD3(0.006, -0.007, 0.005), SIMD3(0.3, -0.8, 1.1),
  SIMD3(-2, 1, 0.5), SIMD3(0, 0, 3.14159), SIMD3(1.8, -1.8, 1.8), SIMD3(.pi / 2, 0, 0), SIMD3(0, -3.1415926, 0),
]

private func distance(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> Double { (a - b).norm }

private func distance(_ a: Matrix3, _ b: Matrix3) -> Double {
  max(distance(a.columns.0, b.columns.0), distance(a.columns.1, b.columns.1), distance(a.columns.2, b.columns.2))
}

@Suite struct SO3Tests {
  @Test(arguments: rotationVectors) func logInvertsExp(vector: SIMD3<Double>) {
    #expect(distance(SO3.exp(vector).log, vector) < 1e-9)
  }

  @Test(arguments: rotationVectors) func expIsTheMatrixExponential(vector: SIMD3<Double>) {
    var sum = Matrix3.identity
    var term = Matrix3.identity
    for order in 1..<40 {
      term = (1 / Double(order)) * (term * .skew(vector))
      sum = sum + term
    }
    #expect(distance(SO3.exp(vector).matrix, sum) < 1e-12)
  }

  @Test(arguments: rotationVectors) func matrixReadsBack(vector: SIMD3<Double>) {
    let rotation = SO3.exp(vector)
    #expect((SO3(matrix: rotation.matrix).inverse * rotation).angle < 1e-9)
    #expect(abs(rotation.matrix.determinant - 1) < 1e-12)
  }

  @Test func productIsComposition() {
    for a in rotationVectors.map(SO3.exp) {
      for b in rotationVectors.map(SO3.exp) {
        let v = SIMD3(0.3, -1.2, 2.5)
        #expect(distance((a * b) * v, a * (b * v)) < 1e-12)
        #expect(distance((a * b).matrix, a.matrix * b.matrix) < 1e-12)
      }
      #expect((a * a.inverse).angle < 1e-12)
    }
  }

  @Test func turnsCounterClockwise() {
    let quarter = SO3(angle: .pi / 2, axis: SIMD3(0, 0, 5))
    #expect(distance(quarter * SIMD3(1, 0, 0), SIMD3(0, 1, 0)) < 1e-15)
    #expect(distance(quarter.log, SIMD3(0, 0, .pi / 2)) < 1e-15)
  }

  @Test func longChainsStayRotations() {
    let step = SO3.exp(SIMD3(0.01, 0.02, -0.03))
    let chain = (0..<100_000).reduce(SO3.identity) { product, _ in product * step }
    let q = chain.quaternion
    #expect(abs((q * q).sum() - 1) < 1e-12)
  }

  @Test func interpolationGoesTheShortWay() {
    let start = SO3(angle: 3, axis: SIMD3(0, 0, 1))
    let end = SO3(angle: -3, axis: SIMD3(0, 0, 1))
    let middle = SO3.interpolated(from: start, to: end, fraction: 0.5)
    #expect((middle.inverse * SO3(angle: .pi, axis: SIMD3(0, 0, 1))).angle < 1e-12)
  }

  @Test(arguments: rotationVectors) func leftJacobianIsTheDerivative(vector: SIMD3<Double>) {
    for delta in [SIMD3(1e-6, 0, 0), SIMD3(0, 1e-6, 0), SIMD3(0, 0, 1e-6)] {
      let moved = SO3.exp(SO3.leftJacobian(vector) * delta) * SO3.exp(vector)
      // The next term of the series is of the order of δ².
      #expect((SO3.exp(vector + delta).inverse * moved).angle < 1e-11)
    }
    let product = SO3.leftJacobian(vector) * SO3.inverseLeftJacobian(vector)
    #expect(distance(product, .identity) < 1e-9)
  }
}

@Suite struct SE3Tests {
  private static let twists = rotationVectors.map { SE3.Twist(linear: SIMD3(1.5, -0.7, 0.2), angular: $0) }
  private static let point = SIMD3(0.4, -2.0, 3.0)

  @Test(arguments: twists) func logInvertsExp(twist: SE3.Twist) {
    let back = SE3.exp(twist).log
    #expect(distance(back.linear, twist.linear) < 1e-8)
    #expect(distance(back.angular, twist.angular) < 1e-9)
  }

  @Test(arguments: twists) func expIsTheFlowOfTheTwist(twist: SE3.Twist) {
    // Many small straight steps come close to the screw motion.
    let steps = 4096
    let scale = 1 / Double(steps)
    let step = SE3.exp(.init(linear: twist.linear * scale, angular: twist.angular * scale))
    let flow = (0..<steps).reduce(SE3.identity) { pose, _ in pose * step }
    #expect(distance(flow * Self.point, SE3.exp(twist) * Self.point) < 1e-9)
  }

  @Test(arguments: twists) func inverseUndoes(twist: SE3.Twist) {
    let aFromB = SE3.exp(twist)
    #expect(distance(aFromB.inverse * (aFromB * Self.point), Self.point) < 1e-12)
    #expect(distance((aFromB * aFromB.inverse) * Self.point, Self.point) < 1e-12)
  }

  @Test func composesInOrder() {
    for first in Self.twists.map(SE3.exp) {
      for second in Self.twists.map(SE3.exp) {
        #expect(distance((first * second) * Self.point, first * (second * Self.point)) < 1e-12)
      }
    }
  }

  @Test(arguments: twists) func adjointMovesTwists(twist: SE3.Twist) {
    let aFromB = SE3(rotation: .exp(SIMD3(0.4, 0.1, -0.9)), translation: SIMD3(2, 3, -1))
    let small = SE3.Twist(linear: twist.linear * 0.1, angular: twist.angular * 0.1)
    let left = aFromB * SE3.exp(small) * aFromB.inverse
    let right = SE3.exp(aFromB.adjoint(small))
    #expect(distance(left * Self.point, right * Self.point) < 1e-12)
  }

  @Test func rowMajorMatrixIsTheHomogeneousOne() {
    let pose = SE3(rotation: SO3(angle: .pi / 2, axis: SIMD3(0, 0, 1)), translation: SIMD3(1, 2, 3))
    let rows = pose.rowMajorMatrix
    let expected: [[Double]] = [[0, -1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]]
    for (row, want) in zip(rows, expected) {
      for (value, wanted) in zip(row, want) { #expect(abs(value - wanted) < 1e-15) }
    }
  }
}
