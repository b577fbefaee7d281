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

  /// Factors a symmetric matrix given by its envelope: each row from its first entry that is not zero up to the diagonal.
  ///
  /// - Returns: `nil` when the matrix is not positive definite to working precision.
  /// - Precondition: each row has an entry, and none begins before column 0.
  public init?(envelope rows: [[Double]]) {
    size = rows.count
    var first: [Int] = []
    var offset: [Int] = []
    var elements: [Double] = []
    elements.reserveCapacity(rows.reduce(0) { $0 + $1.count })
    for (row, entries) in rows.enumerated() {
      let start = row + 1 - entries.count
      precondition(start >= 0 && start <= row, "a row from its first entry to the diagonal")
      first.append(start)
      offset.append(elements.count - start)
      elements += entries
    }
    (self.first, self.offset, self.elements) = (first, offset, elements)
    guard factor() else { return nil }
  }

  private mutating func factor() -> Bool {
    let (size, first, offset) = (size, first, offset)
    return elements.withUnsafeMutableBufferPointer { elements in
      guard let base = elements.baseAddress else { return size == 0 }
      for row in 0..<size {
        let (rowStart, rowBase) = (first[row], base + offset[row])
        let original = rowBase[row]
        for column in rowStart..<row {
          let columnBase = base + offset[column]
          let start = max(rowStart, first[column])
          let sum = rowBase[column] - Self.dot(rowBase + start, columnBase + start, column - start)
          rowBase[column] = sum / columnBase[column]
        }
        let sum = original - Self.dot(rowBase + rowStart, rowBase + rowStart, row - rowStart)
        // What is left of the diagonal is noise when nearly all of it cancelled.
        guard sum > 1e-14 * original, sum > 0 else { return false }
        rowBase[row] = sum.squareRoot()
      }
      return true
    }
  }

  /// The scalar product of two runs of `count` numbers, none when that is negative.
  private static func dot(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int) -> Double {
    guard count > 0 else { return 0 }
    let (left, right) = (UnsafeRawPointer(a), UnsafeRawPointer(b))
    var sums = (SIMD8<Double>.zero, SIMD8<Double>.zero)
    var index = 0
    while index + 16 <= count {
      let at = index * MemoryLayout<Double>.stride
      sums.0 +=
        left.loadUnaligned(fromByteOffset: at, as: SIMD8<Double>.self)
        * right.loadUnaligned(fromByteOffset: at, as: SIMD8<Double>.self)
      sums.1 +=
        left.loadUnaligned(fromByteOffset: at + 64, as: SIMD8<Double>.self)
        * right.loadUnaligned(fromByteOffset: at + 64, as: SIMD8<Double>.self)
      index += 16
    }
    var sum = (sums.0 + sums.1).sum()
    while index < count {
      sum += a[index] * b[index]
      index += 1
    }
    return sum
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
