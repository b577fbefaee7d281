import LinearAlgebra

/// Normal equations of a chain of unknowns, each tied to its neighbours only, and of a few unknowns that all have in
/// common (the border): a band matrix with dense last rows.
///
/// Source: Golub, Van Loan, "Matrix Computations", 4th ed., §4.3 (band Cholesky); Takahashi et al. 1973 for the entries
/// of the inverse inside the band.
struct BorderedBandSystem {
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

  init(size: Int, bandwidth: Int, border: Int) {
    (self.size, self.bandwidth, self.border) = (size, bandwidth, border)
    band = [Double](repeating: 0, count: size * (bandwidth + 1))
    edge = [Double](repeating: 0, count: size * border)
    corner = Matrix(rows: border, columns: border)
    chainRight = [Double](repeating: 0, count: size)
    borderRight = [Double](repeating: 0, count: border)
  }

  /// Adds `JᵀJ` and `−Jᵀr` of some rows.
  ///
  /// - Parameters:
  ///   - jacobian: row-major, `width` columns of the chain from `start`, then those of the border.
  ///   - residual: one value for each row.
  mutating func add(start: Int, width: Int, jacobian: [Double], residual: [Double]) {
    let columns = width + border
    let stride = bandwidth + 1
    jacobian.withUnsafeBufferPointer { j in
      band.withUnsafeMutableBufferPointer { band in
        edge.withUnsafeMutableBufferPointer { edge in
          for (row, value) in residual.enumerated() {
            let base = row * columns
            for a in 0..<width {
              let factor = j[base + a]
              if factor == 0 { continue }
              let line = (start + a) * stride + bandwidth - a
              for b in 0...a { band[line + b] += factor * j[base + b] }
              let side = (start + a) * border
              for b in 0..<border { edge[side + b] += factor * j[base + width + b] }
              chainRight[start + a] -= factor * value
            }
            for a in 0..<border {
              let factor = j[base + width + a]
              if factor == 0 { continue }
              for b in 0..<border { corner[a, b] += factor * j[base + width + b] }
              borderRight[a] -= factor * value
            }
          }
        }
      }
    }
  }

  /// The step that solves the equations, and what it takes to tell covariances.
  struct Solution {
    let chain: [Double]
    let border: [Double]
    /// The covariance of the border, where the rows were divided by their deviations.
    let borderCovariance: Matrix
    fileprivate let factor: [Double]
  }

  /// - Parameter damping: how much of its own each diagonal entry gets on top (Levenberg, Marquardt).
  /// - Returns: `nil` when the matrix is not positive definite.
  func solve(damping: Double) -> Solution? {
    var factor = band
    var sides = edge
    var chain = chainRight
    guard factorBand(&factor, &sides, &chain, damping) else { return nil }
    var reduced = corner
    var right = borderRight
    for row in 0..<size {
      for a in 0..<border {
        let value = sides[row * border + a]
        if value == 0 { continue }
        right[a] -= value * chain[row]
        for b in 0...a { reduced[a, b] -= value * sides[row * border + b] }
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
    let (w, stride) = (bandwidth, bandwidth + 1)
    return factor.withUnsafeMutableBufferPointer { l in
      sides.withUnsafeMutableBufferPointer { sides in
        for row in 0..<size {
          let line = row * stride + w - row
          let first = max(0, row - w)
          for column in first...row {
            let other = column * stride + w - column
            var sum = l[line + column]
            if column == row { sum *= 1 + damping }
            for k in max(first, column - w)..<max(column, first) { sum -= l[line + k] * l[other + k] }
            if column < row {
              l[line + column] = sum / l[other + column]
            } else {
              guard sum > 0, sum.isFinite else { return false }
              l[line + row] = sum.squareRoot()
            }
          }
          for column in first..<row {
            let value = l[line + column]
            if value == 0 { continue }
            chain[row] -= value * chain[column]
            for a in 0..<border { sides[row * border + a] -= value * sides[column * border + a] }
          }
          let pivot = 1 / l[line + row]
          chain[row] *= pivot
          for a in 0..<border { sides[row * border + a] *= pivot }
        }
        return true
      }
    }
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
  func covarianceBand(_ solution: Solution) -> CovarianceBand {
    let (w, stride) = (bandwidth, bandwidth + 1)
    var z = [Double](repeating: 0, count: size * stride)
    solution.factor.withUnsafeBufferPointer { l in
      z.withUnsafeMutableBufferPointer { z in
        func entry(_ a: Int, _ b: Int) -> Double {
          a >= b ? z[a * stride + w - a + b] : z[b * stride + w - b + a]
        }
        for column in (0..<size).reversed() {
          let end = min(size - 1, column + w)
          let pivot = 1 / l[column * stride + w]
          for row in Swift.stride(from: end, through: column, by: -1) {
            var sum = row == column ? pivot : 0
            for k in Swift.stride(from: column + 1, through: end, by: 1) {
              sum -= l[k * stride + w - k + column] * entry(k, row)
            }
            z[row * stride + w - row + column] = sum * pivot
          }
        }
      }
    }
    return CovarianceBand(bandwidth: w, elements: z)
  }

  /// Entries of a symmetric matrix near its diagonal.
  struct CovarianceBand {
    fileprivate let bandwidth: Int
    fileprivate let elements: [Double]

    subscript(_ row: Int, _ column: Int) -> Double {
      let (a, b) = (max(row, column), min(row, column))
      return elements[a * (bandwidth + 1) + bandwidth - a + b]
    }
  }
}
