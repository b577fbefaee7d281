import Geometry
import LinearAlgebra

extension Sim3.Tangent {
  /// From seven numbers: linear, angular, logarithm of the scale.
  init(_ d: [Double]) {
    self.init(linear: SIMD3(d[0], d[1], d[2]), angular: SIMD3(d[3], d[4], d[5]), logScale: d[6])
  }

  var components: [Double] {
    [linear.x, linear.y, linear.z, angular.x, angular.y, angular.z, logScale]
  }

  /// The matrix of the Lie bracket with this tangent, 7×7.
  var bracket: Matrix {
    var result = Matrix(rows: 7, columns: 7)
    result.set(.skew(angular) + logScale * .identity, row: 0, column: 0)
    result.set(.skew(linear), row: 0, column: 3)
    result.set(.skew(angular), row: 3, column: 3)
    for row in 0..<3 { result[row, 6] = -linear[row] }
    return result
  }
}

extension Sim3 {
  /// The matrix with `S · exp(t) · S⁻¹ = exp(adjointMatrix · t)`, 7×7.
  var adjointMatrix: Matrix {
    var result = Matrix(rows: 7, columns: 7)
    let turn = rotation.matrix
    result.set(scale * turn, row: 0, column: 0)
    result.set(.skew(translation) * turn, row: 0, column: 3)
    result.set(turn, row: 3, column: 3)
    for row in 0..<3 { result[row, 6] = -translation[row] }
    result[6, 6] = 1
    return result
  }
}

extension Matrix {
  fileprivate mutating func set(_ block: Matrix3, row: Int, column: Int) {
    for i in 0..<3 {
      for j in 0..<3 { self[row + i, column + j] = block[i, j] }
    }
  }
}
