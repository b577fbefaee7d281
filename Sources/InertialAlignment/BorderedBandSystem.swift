import Geometry
import LinearAlgebra

/// Normal equations of a chain of unknowns, each tied to its neighbours only, and of a few unknowns that all have in
/// common (the border): a band matrix with dense last rows.
///
/// Source: Golub, Van Loan, "Matrix Computations", 4th ed., §4.3 (band Cholesky); Takahashi et al. 1973 for the entries
/// of the inverse inside the band.
package struct BorderedBandSystem {
  let size: Int
  let bandwidth: Int
  let border: Int
  /// Row i: columns i − bandwidth … i.
  private var band: [Double]
  /// Row i: the columns of the border.
  private var edge: [Double]
  private var corner: Matrix
  private var chainRight: [Double]
  private var borderRight: [Double]

  package init(size: Int, bandwidth: Int, border: Int) {
    (self.size, self.bandwidth, self.border) = (size, bandwidth, border)
    band = [Double](repeating: 0, count: size * (bandwidth + 1))
    edge = [Double](repeating: 0, count: size * border)
    corner = Matrix(rows: border, columns: border)
    chainRight = [Double](repeating: 0, count: size)
    borderRight = [Double](repeating: 0, count: border)
  }

  /// Adds `JᵀJ` and `−Jᵀr` of some rows.
  package mutating func add(_ rows: JacobianRows, start: Int) {
    let (width, columns, stride) = (rows.width, rows.columns, bandwidth + 1)
    let (common, first) = (rows.border.count, rows.border.lowerBound)
    rows.jacobian.withUnsafeBufferPointer { j in
      band.withUnsafeMutableBufferPointer { band in
        edge.withUnsafeMutableBufferPointer { edge in
          for row in 0..<rows.rows {
            let line = row * columns
            for a in 0..<width {
              let factor = j[line + a]
              if factor == 0 { continue }
              let target = (start + a) * stride + bandwidth - a
              for b in 0...a { band[target + b] += factor * j[line + b] }
              let side = (start + a) * border + first
              for b in 0..<common { edge[side + b] += factor * j[line + width + b] }
            }
          }
        }
      }
      chainRight.withUnsafeMutableBufferPointer { right in
        for row in 0..<rows.rows {
          for a in 0..<width { right[start + a] -= j[row * columns + a] * rows.residual[row] }
        }
      }
      corner.elements.withUnsafeMutableBufferPointer { corner in
        for row in 0..<rows.rows {
          let line = row * columns + width
          for a in 0..<common {
            let factor = j[line + a]
            if factor == 0 { continue }
            borderRight[first + a] -= factor * rows.residual[row]
            let target = (first + a) * border + first
            for b in 0..<common { corner[target + b] += factor * j[line + b] }
          }
        }
      }
    }
  }

  /// Adds what is known of one unknown of the chain: `residual` weighed by the inverse of its deviation.
  package mutating func addToChain(_ index: Int, weight: Double, residual: Double) {
    band[index * (bandwidth + 1) + bandwidth] += weight * weight
    chainRight[index] -= weight * weight * residual
  }

  /// The same of one unknown of the border.
  package mutating func addToBorder(_ index: Int, weight: Double, residual: Double) {
    corner[index, index] += weight * weight
    borderRight[index] -= weight * weight * residual
  }

  /// The step that solves the equations, and what it takes to tell covariances.
  package struct Solution {
    package let chain: [Double]
    package let border: [Double]
    /// The covariance of the border, where the rows were divided by their deviations.
    package let borderCovariance: Matrix
    fileprivate let factor: [Double]
  }

  /// - Parameter damping: how much of its own each diagonal entry gets on top (Levenberg, Marquardt).
  /// - Returns: `nil` when the matrix is not positive definite.
  package func solve(damping: Double) -> Solution? {
    var factor = band
    var sides = edge
    var chain = chainRight
    guard factorBand(&factor, &sides, &chain, damping) else { return nil }
    var reduced = corner
    var right = borderRight
    reduced.elements.withUnsafeMutableBufferPointer { reduced in
      sides.withUnsafeBufferPointer { sides in
        for row in 0..<size {
          let side = row * border
          let value = chain[row]
          for a in 0..<border {
            let factor = sides[side + a]
            if factor == 0 { continue }
            right[a] -= factor * value
            for b in 0...a { reduced[a * border + b] -= factor * sides[side + b] }
          }
        }
      }
    }
    for a in 0..<border {
      reduced[a, a] += damping * corner[a, a]
      for b in 0..<a { reduced[b, a] = reduced[a, b] }
    }
    guard let cholesky = Cholesky(reduced) else { return nil }
    let common = cholesky.solve(right)
    for row in 0..<size {
      for a in 0..<border { chain[row] -= sides[row * border + a] * common[a] }
    }
    solveBackwards(factor, &chain)
    return Solution(chain: chain, border: common, borderCovariance: cholesky.inverse, factor: factor)
  }

  /// L of the band, and L⁻¹ times the edge and the right side.
  private func factorBand(
    _ factor: inout [Double], _ sides: inout [Double], _ chain: inout [Double], _ damping: Double
  ) -> Bool {
    factor.withUnsafeMutableBufferPointer { l in
      sides.withUnsafeMutableBufferPointer { sides in
        chain.withUnsafeMutableBufferPointer { chain in
          for row in 0..<size {
            guard factorRow(row, l, damping) else { return false }
            solveRow(row, UnsafeBufferPointer(l), sides, chain)
          }
          return true
        }
      }
    }
  }

  private func factorRow(_ row: Int, _ l: UnsafeMutableBufferPointer<Double>, _ damping: Double) -> Bool {
    let (w, stride) = (bandwidth, bandwidth + 1)
    let line = row * stride + w - row
    let first = max(0, row - w)
    for column in first..<row {
      let other = column * stride + w - column
      let begin = max(first, column - w)
      let sum = l[line + column] - dot(l, line + begin, other + begin, column - begin)
      l[line + column] = sum / l[other + column]
    }
    let pivot = l[line + row] * (1 + damping) - dot(l, line + first, line + first, row - first)
    guard pivot > 0, pivot.isFinite else { return false }
    l[line + row] = pivot.squareRoot()
    return true
  }

  /// The scalar product of two runs of values, as four sums that need not wait for each other.
  @inline(__always)
  private func dot(_ l: UnsafeMutableBufferPointer<Double>, _ a: Int, _ b: Int, _ count: Int) -> Double {
    var (s0, s1, s2, s3) = (0.0, 0.0, 0.0, 0.0)
    var index = 0
    while index + 4 <= count {
      s0 += l[a + index] * l[b + index]
      s1 += l[a + index + 1] * l[b + index + 1]
      s2 += l[a + index + 2] * l[b + index + 2]
      s3 += l[a + index + 3] * l[b + index + 3]
      index += 4
    }
    while index < count {
      s0 += l[a + index] * l[b + index]
      index += 1
    }
    return (s0 + s1) + (s2 + s3)
  }

  private func solveRow(
    _ row: Int, _ l: UnsafeBufferPointer<Double>, _ sides: UnsafeMutableBufferPointer<Double>,
    _ chain: UnsafeMutableBufferPointer<Double>
  ) {
    let line = row * (bandwidth + 1) + bandwidth - row
    let side = row * border
    for column in max(0, row - bandwidth)..<row {
      let value = l[line + column]
      if value == 0 { continue }
      chain[row] -= value * chain[column]
      let other = column * border
      for a in 0..<border { sides[side + a] -= value * sides[other + a] }
    }
    let pivot = 1 / l[line + row]
    chain[row] *= pivot
    for a in 0..<border { sides[side + a] *= pivot }
  }

  private func solveBackwards(_ factor: [Double], _ x: inout [Double]) {
    let (w, stride) = (bandwidth, bandwidth + 1)
    for row in (0..<size).reversed() {
      let line = row * stride + w - row
      x[row] /= factor[line + row]
      let value = x[row]
      for column in max(0, row - w)..<row { x[column] -= factor[line + column] * value }
    }
  }

  /// The entries of the inverse of the band part inside the band: covariances of the chain, the border held fixed.
  package func covarianceBand(_ solution: Solution) -> CovarianceBand {
    let (w, stride) = (bandwidth, bandwidth + 1)
    var z = [Double](repeating: 0, count: size * stride)
    // The column of L below its diagonal, without the gaps of the rows.
    var below = [Double](repeating: 0, count: stride)
    solution.factor.withUnsafeBufferPointer { l in
      z.withUnsafeMutableBufferPointer { z in
        for column in (0..<size).reversed() {
          let end = min(size - 1, column + w)
          let pivot = 1 / l[column * stride + w]
          for k in column..<end { below[k - column] = l[(k + 1) * stride + w - (k + 1) + column] }
          for row in Swift.stride(from: end, through: column, by: -1) {
            var sum = row == column ? pivot : 0
            let line = row * stride + w - row
            for k in column..<row { sum -= below[k - column] * z[line + k + 1] }
            for k in row..<max(end, row) { sum -= below[k - column] * z[(k + 1) * stride + w - (k + 1) + row] }
            z[line + column] = sum * pivot
          }
        }
      }
    }
    return CovarianceBand(bandwidth: w, elements: z)
  }

  /// Entries of a symmetric matrix near its diagonal.
  package struct CovarianceBand {
    fileprivate let bandwidth: Int
    fileprivate let elements: [Double]

    package subscript(_ row: Int, _ column: Int) -> Double {
      let (a, b) = (max(row, column), min(row, column))
      return elements[a * (bandwidth + 1) + bandwidth - a + b]
    }
  }
}

/// Rows of a Jacobian and their residuals, filled by 3×3 blocks and then used again: some columns of the chain, then a
/// range of the border's.
package struct JacobianRows {
  let rows: Int
  let width: Int
  let border: Range<Int>
  package private(set) var jacobian: [Double]
  package private(set) var residual: [Double]

  var columns: Int { width + border.count }

  package init(rows: Int, width: Int, border: Range<Int>) {
    (self.rows, self.width, self.border) = (rows, width, border)
    jacobian = [Double](repeating: 0, count: rows * (width + border.count))
    residual = [Double](repeating: 0, count: rows)
  }

  package mutating func set(_ row: Int, _ column: Int, _ block: Matrix3) {
    set(row, column, block.columns.0)
    set(row, column + 1, block.columns.1)
    set(row, column + 2, block.columns.2)
  }

  package mutating func set(_ row: Int, _ column: Int, _ values: SIMD3<Double>) {
    for axis in 0..<3 { jacobian[(row + axis) * columns + column] = values[axis] }
  }

  /// The column of an unknown of the border.
  func column(ofBorder index: Int) -> Int { width + index - border.lowerBound }

  package mutating func set(_ row: Int, residual values: SIMD3<Double>) {
    for axis in 0..<3 { residual[row + axis] = values[axis] }
  }

  /// Huber's cost of the rows as one residual; downweights them where it is beyond `limit`.
  mutating func weigh(_ range: Range<Int>, limit: Double) -> Double {
    let squared = range.reduce(0) { $0 + residual[$1] * residual[$1] }
    guard squared > limit * limit else { return squared }
    let norm = squared.squareRoot()
    let factor = (limit / norm).squareRoot()
    for row in range {
      residual[row] *= factor
      for column in 0..<columns { jacobian[row * columns + column] *= factor }
    }
    return 2 * limit * norm - limit * limit
  }
}
