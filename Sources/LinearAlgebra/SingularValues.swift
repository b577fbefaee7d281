/// The thin singular value decomposition `A = U · diag(values) · Vᵀ` of a matrix with at least as many rows as
/// columns, by one-sided Jacobi rotations (Hestenes), which keep small singular values accurate.
///
/// Source: Golub, Van Loan, "Matrix Computations", 4th ed., §8.6.3.
public struct SingularValues: Sendable {
  /// Rows × columns, orthonormal columns; columns of zero singular values are zero.
  public let u: Matrix
  /// Descending, not negative.
  public let values: [Double]
  /// Columns × columns, orthogonal.
  public let v: Matrix

  public init(_ matrix: Matrix) {
    precondition(matrix.rows >= matrix.columns, "at least as many rows as columns")
    let (rows, columns) = (matrix.rows, matrix.columns)
    var a = matrix
    var v = Matrix.identity(columns)
    var isRotating = true
    for _ in 0..<60 where isRotating {
      isRotating = false
      for p in 0..<columns {
        for q in (p + 1)..<max(columns, p + 1) where Self.orthogonalise(p, q, &a, &v) { isRotating = true }
      }
    }
    let norms = (0..<columns).map { column in
      (0..<rows).reduce(0) { $0 + a[$1, column] * a[$1, column] }.squareRoot()
    }
    let order = (0..<columns).sorted { norms[$0] > norms[$1] }
    values = order.map { norms[$0] }
    var (sortedU, sortedV) = (Matrix(rows: rows, columns: columns), Matrix(rows: columns, columns: columns))
    for (target, source) in order.enumerated() {
      for row in 0..<rows where norms[source] > 0 { sortedU[row, target] = a[row, source] / norms[source] }
      for row in 0..<columns { sortedV[row, target] = v[row, source] }
    }
    (u, self.v) = (sortedU, sortedV)
  }

  /// Rotates columns p and q of `a` until they are orthogonal.
  /// - Returns: whether they were not already.
  private static func orthogonalise(_ p: Int, _ q: Int, _ a: inout Matrix, _ v: inout Matrix) -> Bool {
    var (alpha, beta, gamma) = (0.0, 0.0, 0.0)
    for row in 0..<a.rows {
      alpha += a[row, p] * a[row, p]
      beta += a[row, q] * a[row, q]
      gamma += a[row, p] * a[row, q]
    }
    guard abs(gamma) > 1e-15 * (alpha * beta).squareRoot(), gamma != 0 else { return false }
    let zeta = (beta - alpha) / (2 * gamma)
    let t = (zeta < 0 ? -1.0 : 1.0) / (abs(zeta) + (1 + zeta * zeta).squareRoot())
    let c = 1 / (1 + t * t).squareRoot()
    let s = c * t
    rotate(&a, p, q, c, s)
    rotate(&v, p, q, c, s)
    return true
  }

  private static func rotate(_ m: inout Matrix, _ p: Int, _ q: Int, _ c: Double, _ s: Double) {
    for row in 0..<m.rows {
      let (x, y) = (m[row, p], m[row, q])
      m[row, p] = c * x - s * y
      m[row, q] = s * x + c * y
    }
  }

  /// The unit vector that the matrix makes smallest: the solution of a homogeneous system.
  public var nullVector: [Double] { v.column(v.columns - 1) }
}
