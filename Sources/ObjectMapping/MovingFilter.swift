internal import Geometry
import LinearAlgebra

/// Where something that moves is, and how fast: a Kalman filter with constant velocity.
struct MovingFilter: Hashable, Sendable {
  private(set) var nanos: Int64
  private(set) var position: SIMD3<Double>
  private(set) var velocity: SIMD3<Double>
  /// Covariances of position, of position with velocity, and of velocity.
  private var (pp, pv, vv): (Matrix3, Matrix3, Matrix3)
  /// Spectral density of the acceleration.
  private let acceleration: Double
  private(set) var method: MappedObject.Method
  private(set) var rejectedInARow = 0
  /// What is the same in all measurements, and no number of them takes away.
  private var common = Matrix3.zero

  /// 99.9 % of what belongs to an object of three dimensions.
  private static let gate = 16.3

  init(_ fit: MovingFit, acceleration: Double) {
    nanos = fit.nanos
    (position, velocity) = (fit.position, fit.velocity)
    (pp, pv, vv) = (fit.pp, fit.pv, fit.vv)
    self.acceleration = acceleration * acceleration
    method = fit.method
  }

  var covariance: Matrix3 { pp + common }

  /// Where it is at another time, if it goes on as before.
  func predicted(at time: Int64) -> MovingFilter {
    var filter = self
    let dt = Double(time - nanos) / 1e9
    guard dt > 0 else { return filter }
    filter.nanos = time
    filter.position += dt * velocity
    filter.pp = pp + dt * (pv + pv.transposed) + (dt * dt) * vv + (acceleration * dt * dt * dt / 3) * .identity
    filter.pv = pv + dt * vv + (acceleration * dt * dt / 2) * .identity
    filter.vv = vv + (acceleration * dt) * .identity
    return filter
  }

  /// Takes a look at it that tells how far it is; others are left alone.
  mutating func add(_ ray: Ray) {
    guard ray.nanos > nanos, let range = ray.range else { return }
    var next = predicted(at: ray.nanos)
    let lateral = ray.deviation * range.distance
    // Half of what a range errs by stays the same from one look to the next.
    let variance = range.deviation * range.deviation
    let noise = (lateral * lateral) * ray.across + (0.5 * variance) * Matrix3.outer(ray.direction)
    let error = ray.origin + range.distance * ray.direction - next.position
    guard let gain = (next.pp + noise).symmetricInverse else { return }
    guard gain.quadratic(error) < Self.gate else {
      rejectedInARow += 1
      return
    }
    let (first, second) = (next.pp * gain, next.pv.transposed * gain)
    next.position += first * error
    next.velocity += second * error
    let (pp, pv) = (next.pp, next.pv)
    next.pp = pp - first * pp
    next.pv = pv - first * pv
    next.vv = next.vv - second * pv
    next.pp = 0.5 * (next.pp + next.pp.transposed)
    next.vv = 0.5 * (next.vv + next.vv.transposed)
    next.common = (0.5 * variance) * .outer(ray.direction)
    next.method = range.method
    next.rejectedInARow = 0
    self = next
  }

  /// As a correction of the map has it.
  mutating func move(by newFromOld: SE3) {
    let turn = newFromOld.rotation.matrix
    position = newFromOld * position
    velocity = newFromOld.rotation * velocity
    pp = turn * pp * turn.transposed
    pv = turn * pv * turn.transposed
    vv = turn * vv * turn.transposed
  }
}

/// A straight motion at constant speed, laid through looks of a few seconds by least squares.
struct MovingFit {
  var nanos: Int64
  var position: SIMD3<Double>
  var velocity: SIMD3<Double>
  var (pp, pv, vv): (Matrix3, Matrix3, Matrix3)
  var method: MappedObject.Method
  /// Sum of squared errors over their variances.
  var squaredError: Double

  /// - Returns: `nil` where nothing tells how far it is.
  init?(_ rays: [Ray], placeDeviation: Double) {
    let ranged = rays.filter { $0.range != nil }
    guard ranged.count >= 3, let last = rays.last, let lastRange = ranged.last?.range else { return nil }
    let rangeWeight = min(1, StandingSolver.independentRanges / Double(ranged.count))
    var information = Matrix(rows: 6, columns: 6)
    var right = [Double](repeating: 0, count: 6)
    // Distances across which a ray errs are those of the ranges: the problem is linear.
    let typical = median(ranged.compactMap { $0.range?.distance }) ?? lastRange.distance
    func parts(_ ray: Ray) -> (weight: Matrix3, target: SIMD3<Double>, time: Double) {
      let variance = ray.variance(oneOf: rays.count, at: ray.range?.distance ?? typical)
      var weight = (1 / (variance + placeDeviation * placeDeviation)) * ray.across
      var target = ray.origin
      if let range = ray.range {
        // A range that is wrong by a share is wrong by it in all frames, which hardly changes the velocity.
        weight = weight + (rangeWeight / (range.deviation * range.deviation)) * .outer(ray.direction)
        target += range.distance * ray.direction
      }
      return (weight, target, Double(ray.nanos - last.nanos) / 1e9)
    }
    for ray in rays {
      let (weight, target, time) = parts(ray)
      let weighted = weight * target
      for row in 0..<3 {
        for column in 0..<3 {
          let value = weight[row, column]
          information[row, column] += value
          information[row, column + 3] += time * value
          information[row + 3, column] += time * value
          information[row + 3, column + 3] += time * time * value
        }
        right[row] += weighted[row]
        right[row + 3] += time * weighted[row]
      }
    }
    guard let factor = Cholesky(information) else { return nil }
    let solution = factor.solve(right)
    guard solution.allSatisfy(\.isFinite) else { return nil }
    let covariance = factor.inverse
    func block(_ row: Int, _ column: Int) -> Matrix3 {
      Matrix3(
        rows: SIMD3(covariance[row, column], covariance[row, column + 1], covariance[row, column + 2]),
        SIMD3(covariance[row + 1, column], covariance[row + 1, column + 1], covariance[row + 1, column + 2]),
        SIMD3(covariance[row + 2, column], covariance[row + 2, column + 1], covariance[row + 2, column + 2]))
    }
    nanos = last.nanos
    position = SIMD3(solution[0], solution[1], solution[2])
    velocity = SIMD3(solution[3], solution[4], solution[5])
    (pp, pv, vv) = (block(0, 0), block(0, 3), block(3, 3))
    method = lastRange.method
    let (start, speed) = (position, velocity)
    squaredError = rays.reduce(0) { sum, ray in
      let (weight, target, time) = parts(ray)
      return sum + StandingSolver.bounded(weight.quadratic(start + time * speed - target))
    }
  }
}
