/// A dense matrix of doubles, stored by rows. For small problems: up to some hundred rows.
public struct Matrix: Hashable, Sendable {
  public let rows: Int
  public let columns: Int
  /// Row after row.
  public var elements: [Double]

  /// A matrix of zeros.
  public init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
    elements = [Double](repeating: 0, count: rows * columns)
  }

  /// A matrix from its rows, which have the same length.
  public init(rows: [[Double]]) {
    self.init(rows: rows.count, columns: rows.first?.count ?? 0)
    precondition(rows.allSatisfy { $0.count == columns }, "rows of one length")
    elements = rows.flatMap { $0 }
  }

  public static func identity(_ size: Int) -> Matrix {
    var matrix = Matrix(rows: size, columns: size)
    for index in 0..<size { matrix[index, index] = 1 }
    return matrix
  }

  @inlinable public subscript(row: Int, column: Int) -> Double {
    get { elements[row * columns + column] }
    set { elements[row * columns + column] = newValue }
  }

  public func column(_ index: Int) -> [Double] { (0..<rows).map { self[$0, index] } }

  public var transposed: Matrix {
    var result = Matrix(rows: columns, columns: rows)
    for row in 0..<rows {
      for column in 0..<columns { result[column, row] = self[row, column] }
    }
    return result
  }

  public static func * (a: Matrix, b: Matrix) -> Matrix {
    precondition(a.columns == b.rows, "inner sizes agree")
    var result = Matrix(rows: a.rows, columns: b.columns)
    for row in 0..<a.rows {
      for inner in 0..<a.columns {
        let factor = a[row, inner]
        if factor == 0 { continue }
        for column in 0..<b.columns { result[row, column] += factor * b[inner, column] }
      }
    }
    return result
  }

  public static func * (a: Matrix, x: [Double]) -> [Double] {
    precondition(a.columns == x.count, "inner sizes agree")
    return (0..<a.rows).map { row in
      var sum = 0.0
      for column in 0..<a.columns { sum += a[row, column] * x[column] }
      return sum
    }
  }

  /// The upper half mirrored to the lower, for symmetric matrices of which only that half was filled.
  public var mirroredFromUpper: Matrix {
    var result = self
    for row in 0..<rows {
      for column in 0..<row { result[row, column] = self[column, row] }
    }
    return result
  }

  /// `AᵀA`.
  public var gram: Matrix {
    var result = Matrix(rows: columns, columns: columns)
    for row in 0..<rows {
      for i in 0..<columns {
        let factor = self[row, i]
        if factor == 0 { continue }
        for j in i..<columns { result[i, j] += factor * self[row, j] }
      }
    }
    return result.mirroredFromUpper
  }
}
