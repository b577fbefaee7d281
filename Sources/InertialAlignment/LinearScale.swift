import Geometry
import LinearAlgebra

/// A first guess of scale and gravity that is linear in both: second differences of position need no velocities.
///
/// With P the position by specific force alone, the metric position is p₀ + v₀·t + ½·g·t² + P(t). The divided second
/// difference over times a before and b after gives s·D²(camera) − D²(R·lever) − g·(a + b)/2 = D²(P).
/// Source: after Mur-Artal, Tardós 2017, "Visual-Inertial Monocular SLAM with Map Reuse", §IV-B.
package struct LinearScale {
  /// Metres per unit; greater than zero.
  package var scale: Double
  /// m/s², axes of the world, of any magnitude.
  package var gravity: SIMD3<Double>

  package init(scale: Double, gravity: SIMD3<Double>) {
    self.scale = scale
    self.gravity = gravity
  }

  /// Seconds between the positions of one difference: long against the noise, short against gravity's.
  private static let spacing = 0.4

  private struct Row {
    /// D²(camera), D²(P) + D²(R·lever), (a + b)/2.
    var camera: SIMD3<Double>
    var metric: SIMD3<Double>
    var gravityFactor: Double

    func residual(_ scale: Double, _ gravity: SIMD3<Double>) -> SIMD3<Double> {
      scale * camera - gravityFactor * gravity - metric
    }
  }

  /// - Returns: `nil` where too few poses follow each other.
  static func estimate(_ batch: InertialBatch) -> LinearScale? {
    let rows = rows(batch)
    guard rows.count >= 8 else { return nil }
    var weights = [Double](repeating: 1, count: rows.count)
    var guess: LinearScale?
    for _ in 0..<4 {
      guard let next = solve(rows, weights) else { return guess }
      guess = next
      let sizes = rows.map { $0.residual(next.scale, next.gravity).norm }
      let limit = max(1e-9, 2 * sizes.sorted()[sizes.count / 2])
      weights = sizes.map { min(1, limit / max(1e-12, $0)) }
    }
    guard var result = guess else { return nil }
    if result.scale <= 0 {
      // Noise alone can turn the sign; magnitudes still tell how large the scale may be.
      let felt = rows.map { ($0.metric + $0.gravityFactor * result.gravity).norm }.reduce(0, +)
      let seen = rows.map(\.camera.norm).reduce(0, +)
      result.scale = seen > 0 ? max(1e-6, felt / seen) : 1
    }
    return result.scale.isFinite && result.gravity.isFinite ? result : nil
  }

  private static func rows(_ batch: InertialBatch) -> [Row] {
    let keys = batch.keys
    var positions = [SIMD3<Double>](repeating: .zero, count: keys.count)
    var chains = [Int](repeating: 0, count: keys.count)
    var velocity = SIMD3<Double>.zero
    for (index, factor) in batch.factors.enumerated() {
      chains[index + 1] = chains[index] + (factor == nil ? 1 : 0)
      guard let factor else {
        velocity = .zero
        continue
      }
      let rotation = batch.worldFromIMU(index)
      positions[index + 1] = positions[index] + factor.duration * velocity + rotation * factor.position
      velocity += rotation * factor.velocity
    }
    let median = keys.count > 1 ? (keys[keys.count - 1].time - keys[0].time) / Double(keys.count - 1) : 1
    let reach = max(1, Int((spacing / max(1e-3, median)).rounded()))
    var rows: [Row] = []
    for index in stride(from: reach, to: keys.count - reach, by: 1) {
      let (before, after) = (index - reach, index + reach)
      guard chains[before] == chains[after] else { continue }
      let a = keys[index].time - keys[before].time
      let b = keys[after].time - keys[index].time
      func difference(_ value: (Int) -> SIMD3<Double>) -> SIMD3<Double> {
        (value(after) - value(index)) / b - (value(index) - value(before)) / a
      }
      let lever = batch.imuFromCamera.translation
      rows.append(
        Row(
          camera: difference { keys[$0].worldFromCamera.translation },
          metric: difference { positions[$0] + batch.worldFromIMU($0) * lever }, gravityFactor: 0.5 * (a + b)))
    }
    return rows
  }

  private static func solve(_ rows: [Row], _ weights: [Double]) -> LinearScale? {
    // The scale's column is brought to the size of the others, as Cholesky's test for rank needs.
    let camera = rows.reduce(0) { $0 + $1.camera.dot($1.camera) }
    let factors = rows.reduce(0) { $0 + $1.gravityFactor * $1.gravityFactor }
    guard camera > 0, factors > 0, camera.isFinite else { return nil }
    let unit = (factors / camera).squareRoot()
    var normal = Matrix(rows: 4, columns: 4)
    var right = [Double](repeating: 0, count: 4)
    for (row, weight) in zip(rows, weights) {
      let column = unit * row.camera
      normal[0, 0] += weight * column.dot(column)
      right[0] += weight * column.dot(row.metric)
      for axis in 0..<3 {
        normal[axis + 1, axis + 1] += weight * row.gravityFactor * row.gravityFactor
        normal[axis + 1, 0] -= weight * row.gravityFactor * column[axis]
        right[axis + 1] -= weight * row.gravityFactor * row.metric[axis]
      }
    }
    for axis in 1..<4 { normal[0, axis] = normal[axis, 0] }
    guard let x = Cholesky(normal)?.solve(right) else { return nil }
    return LinearScale(scale: x[0] * unit, gravity: SIMD3(x[1], x[2], x[3]))
  }
}
