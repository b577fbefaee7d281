/// Vector algebra on the standard library's SIMD types.
extension SIMD3<Double> {
  /// The scalar product.
  @inlinable public func dot(_ other: SIMD3<Double>) -> Double { (self * other).sum() }

  /// The vector product, right-handed.
  @inlinable public func cross(_ other: SIMD3<Double>) -> SIMD3<Double> {
    SIMD3(y * other.z - z * other.y, z * other.x - x * other.z, x * other.y - y * other.x)
  }

  /// The Euclidean norm.
  @inlinable public var norm: Double { dot(self).squareRoot() }

  /// This vector scaled to length 1; a zero vector stays zero.
  @inlinable public var normalized: SIMD3<Double> {
    let length = norm
    return length > 0 ? self / length : self
  }
}

/// A 3×3 matrix of doubles, by columns.
public struct Matrix3: Hashable, Sendable {
  public var columns: (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>)

  /// - Parameters: the three columns.
  @inlinable public init(_ c0: SIMD3<Double>, _ c1: SIMD3<Double>, _ c2: SIMD3<Double>) { columns = (c0, c1, c2) }

  /// A matrix from its rows, the order in which text and files list one.
  @inlinable public init(rows r0: SIMD3<Double>, _ r1: SIMD3<Double>, _ r2: SIMD3<Double>) {
    columns = (SIMD3(r0.x, r1.x, r2.x), SIMD3(r0.y, r1.y, r2.y), SIMD3(r0.z, r1.z, r2.z))
  }

  public static let identity = Matrix3(SIMD3(1, 0, 0), SIMD3(0, 1, 0), SIMD3(0, 0, 1))

  /// The matrix `[v]×` with `[v]× · w = v × w`.
  @inlinable public static func skew(_ v: SIMD3<Double>) -> Matrix3 {
    Matrix3(rows: SIMD3(0, -v.z, v.y), SIMD3(v.z, 0, -v.x), SIMD3(-v.y, v.x, 0))
  }

  @inlinable public subscript(row: Int, column: Int) -> Double {
    switch column {
    case 0: columns.0[row]
    case 1: columns.1[row]
    default: columns.2[row]
    }
  }

  @inlinable public var transposed: Matrix3 { Matrix3(rows: columns.0, columns.1, columns.2) }

  @inlinable public var determinant: Double { columns.0.dot(columns.1.cross(columns.2)) }

  /// The `x` with `matrix · x = right`, by Cramer's rule.
  ///
  /// - Returns: `nil` when the determinant's magnitude is not above `minimalDeterminant`.
  public func solve(_ right: SIMD3<Double>, minimalDeterminant: Double = 0) -> SIMD3<Double>? {
    let determinant = determinant
    guard abs(determinant) > minimalDeterminant else { return nil }
    return SIMD3(
      right.dot(columns.1.cross(columns.2)), columns.0.dot(right.cross(columns.2)),
      columns.0.dot(columns.1.cross(right))) / determinant
  }

  @inlinable public static func * (m: Matrix3, v: SIMD3<Double>) -> SIMD3<Double> {
    m.columns.0 * v.x + m.columns.1 * v.y + m.columns.2 * v.z
  }

  @inlinable public static func * (a: Matrix3, b: Matrix3) -> Matrix3 {
    Matrix3(a * b.columns.0, a * b.columns.1, a * b.columns.2)
  }

  @inlinable public static func + (a: Matrix3, b: Matrix3) -> Matrix3 {
    Matrix3(a.columns.0 + b.columns.0, a.columns.1 + b.columns.1, a.columns.2 + b.columns.2)
  }

  @inlinable public static func * (scale: Double, m: Matrix3) -> Matrix3 {
    Matrix3(scale * m.columns.0, scale * m.columns.1, scale * m.columns.2)
  }

  public static func == (a: Matrix3, b: Matrix3) -> Bool { a.columns == b.columns }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(columns.0)
    hasher.combine(columns.1)
    hasher.combine(columns.2)
  }
}
