public import Geometry
import LinearAlgebra

/// Lays one set of points on another.
///
/// Source: Umeyama 1991, "Least-squares estimation of transformation parameters between two point patterns".
public enum SimilarityAlignment {
  /// The similarity that brings each `source` point nearest to its `target` point, in the sum of squares.
  ///
  /// - Parameter withScale: whether lengths may change; without, the result has scale 1.
  /// - Returns: `nil` for fewer than three points, and for points on a line, about which they could turn freely.
  public static func targetFromSource(
    _ source: [SIMD3<Double>], _ target: [SIMD3<Double>], withScale: Bool = true
  ) -> Sim3? {
    precondition(source.count == target.count, "pairs of points")
    guard source.count >= 3 else { return nil }
    let count = Double(source.count)
    let sourceMean = source.reduce(.zero, +) / count
    let targetMean = target.reduce(.zero, +) / count
    var covariance = Matrix(rows: 3, columns: 3)
    var variance = 0.0
    for (a, b) in zip(source, target) {
      let (from, to) = (a - sourceMean, b - targetMean)
      variance += from.dot(from) / count
      for row in 0..<3 {
        for column in 0..<3 { covariance[row, column] += to[row] * from[column] / count }
      }
    }
    let svd = SingularValues(covariance)
    guard svd.values[1] > 1e-9 * svd.values[0], variance > 0 else { return nil }
    let (u, v) = (svd.u.completed, svd.v.matrix3)
    // A reflection fits mirrored points better; a camera cannot be mirrored.
    let sign = u.determinant * v.determinant < 0 ? -1.0 : 1.0
    let turned = Matrix3(u.columns.0, u.columns.1, sign * u.columns.2)
    let rotation = SO3(matrix: turned * v.transposed)
    let scale = withScale ? (svd.values[0] + svd.values[1] + sign * svd.values[2]) / variance : 1
    guard scale > 0 else { return nil }
    return Sim3(scale: scale, rotation: rotation, translation: targetMean - scale * (rotation * sourceMean))
  }
}

extension Matrix {
  /// A 3×3 matrix as the fixed-size type.
  var matrix3: Matrix3 {
    Matrix3(
      SIMD3(self[0, 0], self[1, 0], self[2, 0]), SIMD3(self[0, 1], self[1, 1], self[2, 1]),
      SIMD3(self[0, 2], self[1, 2], self[2, 2]))
  }

  init(_ matrix: Matrix3) { self.init(rows: (0..<3).map { row in (0..<3).map { matrix[row, $0] } }) }

  /// The left singular vectors of a matrix of rank 2 or 3, the last one found from the others.
  var completed: Matrix3 {
    let m = matrix3
    let third = m.columns.0.cross(m.columns.1)
    return Matrix3(m.columns.0, m.columns.1, third.dot(m.columns.2) < 0 ? -third : third)
  }
}
