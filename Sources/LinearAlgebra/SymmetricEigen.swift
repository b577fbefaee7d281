/// Eigenvalues and eigenvectors of a symmetric matrix, by Jacobi's cyclic rotations: slow for large matrices, and as
/// accurate as doubles allow for small ones.
///
/// Source: Golub, Van Loan, "Matrix Computations", 4th ed., §8.5.
public struct SymmetricEigen: Sendable {
  /// Ascending.
  public let values: [Double]
  /// Column `i` has length 1 and belongs to `values[i]`.
  public let vectors: Matrix

  /// - Parameter matrix: symmetric; only the upper half is trusted.
  public init(_ matrix: Matrix) {
    precondition(matrix.rows == matrix.columns, "a square matrix")
    let size = matrix.rows
    var a = matrix.mirroredFromUpper
    var v = Matrix.identity(size)
    let scale = a.elements.reduce(0) { $0 + $1 * $1 }
    for _ in 0..<60 {
      var offDiagonal = 0.0
      for row in 0..<size {
        for column in 0..<row { offDiagonal += a[row, column] * a[row, column] }
      }
      if offDiagonal <= 1e-30 * scale { break }
      for p in 0..<size {
        for q in (p + 1)..<max(size, p + 1) { Self.annihilate(p, q, &a, &v) }
      }
    }
    let order = (0..<size).sorted { a[$0, $0] < a[$1, $1] }
    values = order.map { a[$0, $0] }
    var sorted = Matrix(rows: size, columns: size)
    for (target, source) in order.enumerated() {
      for row in 0..<size { sorted[row, target] = v[row, source] }
    }
    vectors = sorted
  }

  /// Rotates rows and columns p and q so that `a[p, q]` becomes zero.
  private static func annihilate(_ p: Int, _ q: Int, _ a: inout Matrix, _ v: inout Matrix) {
    guard a[p, q] != 0 else { return }
    let theta = (a[q, q] - a[p, p]) / (2 * a[p, q])
    let t = (theta < 0 ? -1.0 : 1.0) / (abs(theta) + (theta * theta + 1).squareRoot())
    let c = 1 / (t * t + 1).squareRoot()
    let s = t * c
    for k in 0..<a.rows {
      let (akp, akq) = (a[k, p], a[k, q])
      a[k, p] = c * akp - s * akq
      a[k, q] = s * akp + c * akq
    }
    for k in 0..<a.rows {
      let (apk, aqk) = (a[p, k], a[q, k])
      a[p, k] = c * apk - s * aqk
      a[q, k] = s * apk + c * aqk
    }
    for k in 0..<v.rows {
      let (vkp, vkq) = (v[k, p], v[k, q])
      v[k, p] = c * vkp - s * vkq
      v[k, q] = s * vkp + c * vkq
    }
  }
}
