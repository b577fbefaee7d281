/// The Cholesky factor of a symmetric positive definite matrix, `A = L·Lᵀ`, kept as its envelope: each row from its
/// first entry that is not zero. Reduced camera systems of bundle adjustment and pose graphs are such matrices.
///
/// Source: Golub, Van Loan, "Matrix Computations", 4th ed., §4.2 and §4.3 (fill stays inside the envelope).
public struct Cholesky: Sendable {
  private let size: Int
  /// Where each row's first entry stands: the column, and the offset in `elements`.
  private let first: [Int]
  private let offset: [Int]
  private var elements: [Double]

  /// Factors a symmetric matrix, of which only the lower half is read.
  ///
  /// - Returns: `nil` when the matrix is not positive definite to working precision.
  public init?(_ matrix: Matrix) {
    precondition(matrix.rows == matrix.columns, "a square matrix")
    size = matrix.rows
    var first: [Int] = []
    var offset: [Int] = []
    var elements: [Double] = []
    for row in 0..<size {
      let start = (0...row).first { matrix[row, $0] != 0 } ?? row
      first.append(start)
      offset.append(elements.count - start)
      for column in start...row { elements.append(matrix[row, column]) }
    }
    (self.first, self.offset, self.elements) = (first, offset, elements)
    guard factor() else { return nil }
  }

  private mutating func factor() -> Bool {
    for row in 0..<size {
      let rowStart = first[row]
      let original = elements[offset[row] + row]
      for column in rowStart...row {
        var sum = elements[offset[row] + column]
        for inner in max(rowStart, first[column])..<max(column, rowStart, first[column]) {
          sum -= elements[offset[row] + inner] * elements[offset[column] + inner]
        }
        if column < row {
          elements[offset[row] + column] = sum / elements[offset[column] + column]
        } else {
          // What is left of the diagonal is noise when nearly all of it cancelled.
          guard sum > 1e-14 * original, sum > 0 else { return false }
          elements[offset[row] + row] = sum.squareRoot()
        }
      }
    }
    return true
  }

  /// The solution of `A·x = b`.
  public func solve(_ b: [Double]) -> [Double] {
    precondition(b.count == size, "one value for each row")
    var x = b
    for row in 0..<size {
      var sum = x[row]
      for column in first[row]..<row { sum -= elements[offset[row] + column] * x[column] }
      x[row] = sum / elements[offset[row] + row]
    }
    for row in (0..<size).reversed() {
      let value = x[row] / elements[offset[row] + row]
      x[row] = value
      for column in first[row]..<row { x[column] -= elements[offset[row] + column] * value }
    }
    return x
  }

  /// `A⁻¹`, the covariance when `A` is an information matrix.
  public var inverse: Matrix {
    var result = Matrix(rows: size, columns: size)
    for column in 0..<size {
      var unit = [Double](repeating: 0, count: size)
      unit[column] = 1
      for (row, value) in solve(unit).enumerated() { result[row, column] = value }
    }
    return result
  }
}
