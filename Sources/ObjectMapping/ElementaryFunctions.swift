internal import Geometry
import LinearAlgebra

extension Matrix3 {
  static let zero = 0 * Matrix3.identity

  /// `v · vᵀ`.
  static func outer(_ v: SIMD3<Double>) -> Matrix3 { Matrix3(v.x * v, v.y * v, v.z * v) }

  static func - (a: Matrix3, b: Matrix3) -> Matrix3 { a + (-1) * b }

  var isFinite: Bool { (0..<3).allSatisfy { row in (0..<3).allSatisfy { self[row, $0].isFinite } } }

  /// The inverse of a symmetric positive definite matrix; `nil` when it is none to working precision.
  var symmetricInverse: Matrix3? {
    guard isFinite, let factor = Cholesky(Matrix(rows: rows)) else { return nil }
    let inverse = factor.inverse
    let result = Matrix3(
      rows: SIMD3(inverse[0, 0], inverse[0, 1], inverse[0, 2]), SIMD3(inverse[1, 0], inverse[1, 1], inverse[1, 2]),
      SIMD3(inverse[2, 0], inverse[2, 1], inverse[2, 2]))
    return result.isFinite ? 0.5 * (result + result.transposed) : nil
  }

  /// The largest eigenvalue of a symmetric matrix.
  var largestEigenvalue: Double { SymmetricEigen(Matrix(rows: rows)).values[2] }

  /// Its elements, row by row.
  var rows: [[Double]] { (0..<3).map { row in (0..<3).map { self[row, $0] } } }

  /// `vᵀ · M · v`.
  func quadratic(_ v: SIMD3<Double>) -> Double { v.dot(self * v) }

  /// Of a vector `R·v·scale` whose `v` has this covariance.
  func transformed(by transform: Sim3) -> Matrix3 {
    let rotation = transform.rotation.matrix
    return (transform.scale * transform.scale) * (rotation * self * rotation.transposed)
  }
}

/// The middle of some values; of an even number the lower one of the two.
func median(_ values: [Double]) -> Double? {
  values.isEmpty ? nil : values.sorted()[(values.count - 1) / 2]
}
