import Geometry
import LinearAlgebra

extension InertialBatch {
  /// What an estimate came to.
  struct Estimate {
    var state: State
    var weights: Weights
    /// Of ln(scale).
    var scaleDeviation: Double
    /// Of gravity's direction, the worse of its two axes, radians.
    var gravityDeviation: Double
    var timeOffsetDeviation: Double
  }

  /// Steps while the errors' size is being found, and after that.
  private static let weighingSteps = 7
  private static let maximalSteps = 12

  /// Finds the unknowns by least squares, and how large the measurements' errors are beside.
  /// - Returns: `nil` where the equations have no solution.
  func solve(from guess: LinearScale) -> Estimate? {
    var state = initialState(guess)
    var weights = Weights(scale: state.scale)
    for _ in 0..<Self.weighingSteps {
      let (system, cost) = linearised(state, weights)
      guard cost.isFinite, let step = system.solve(damping: 1e-8) else { return nil }
      state = moved(state, chain: step.chain, border: step.border)
      let updated = updatedWeights(state, weights, system, step)
      let change = weights.largestChange(to: updated)
      weights = updated
      if change < 0.1 { break }
    }
    return solve(from: state, weights)
  }

  /// Finds the unknowns for measurements whose errors are known (Levenberg, Marquardt).
  func solve(from start: State, _ weights: Weights) -> Estimate? {
    var state = start
    var (system, cost) = linearised(state, weights)
    var damping = 1e-8
    for _ in 0..<Self.maximalSteps {
      guard cost.isFinite, damping < 1e6 else { return nil }
      guard let step = system.solve(damping: damping) else {
        damping = max(1e-4, damping * 100)
        continue
      }
      let candidate = moved(state, chain: step.chain, border: step.border)
      let next = linearised(candidate, weights)
      guard next.cost.isFinite, next.cost <= cost * (1 + 1e-9) else {
        damping = max(1e-4, damping * 10)
        continue
      }
      let gain = cost - next.cost
      (state, system, cost) = (candidate, next.system, next.cost)
      damping = max(1e-8, damping / 10)
      if gain < 2e-3 * cost + 1e-6 { break }
    }
    return deviations(state, weights, system)
  }

  private func deviations(_ state: State, _ weights: Weights, _ system: BorderedBandSystem) -> Estimate? {
    guard let solution = system.solve(damping: 0) else { return nil }
    let covariance = solution.borderCovariance
    let (a, b) = (covariance[Border.gravity, Border.gravity], covariance[Border.gravity + 1, Border.gravity + 1])
    let c = covariance[Border.gravity, Border.gravity + 1]
    let larger = 0.5 * (a + b) + (0.25 * (a - b) * (a - b) + c * c).squareRoot()
    return Estimate(
      state: state, weights: weights,
      scaleDeviation: max(0, covariance[Border.scale, Border.scale]).squareRoot(),
      gravityDeviation: max(0, larger).squareRoot(),
      timeOffsetDeviation: max(0, covariance[Border.timeOffset, Border.timeOffset]).squareRoot())
  }

  /// The errors' size by the residuals they leave, each kind of measurement for itself: the sum of squares over its
  /// redundancy, which is its number of values less the unknowns that it decides (variance components after Förstner
  /// 1979; redundancies from the covariance of the unknowns). Turns that camera and gyroscope measured between the same
  /// two poses show the sum of both errors only: the gyroscope's is taken to be what its noise says.
  private func updatedWeights(
    _ state: State, _ weights: Weights, _ system: BorderedBandSystem, _ solution: BorderedBandSystem.Solution
  ) -> Weights {
    let covariance = system.covarianceBand(solution)
    let isMoving = isMoving
    var (steps, rotations) = (Component(), Component())
    var camera = JacobianRows(rows: 6, width: 18, border: Border.camera)
    for index in factors.indices where factors[index] != nil && (isMoving[index] || isMoving[index + 1]) {
      fillCamera(&camera, index, state, weights)
      steps.add(camera.residual[0..<3], leverage: leverage(of: camera, 0..<3, 9 * index, covariance))
      rotations.add(camera.residual[3..<6], leverage: leverage(of: camera, 3..<6, 9 * index, covariance))
    }
    var motions = Component()
    var inertial = JacobianRows(rows: 9, width: 18, border: Border.inertial)
    for (index, factor) in factors.enumerated() {
      guard let factor, isMoving[index] || isMoving[index + 1] else { continue }
      fillInertial(&inertial, index, factor, state, weights)
      motions.add(inertial.residual[3..<9], leverage: leverage(of: inertial, 3..<9, 9 * index, covariance))
    }
    var updated = weights
    updated.driftDensity = max(Self.leastDriftDensity / state.scale, weights.driftDensity * steps.factor)
    updated.turnDensity = max(Self.leastTurnDensity, weights.turnDensity * rotations.factor)
    updated.accelerometerInflation = max(1, weights.accelerometerInflation * motions.factor)
    return updated
  }

  /// Whether the camera moved about each key. At rest it errs by the same amount in every picture, which would make
  /// it look more precise than it is.
  private var isMoving: [Bool] {
    let steps = keys.indices.map { index in
      let (a, b) = (keys[max(0, index - 1)], keys[min(keys.count - 1, index + 1)])
      return (b.worldFromCamera.translation - a.worldFromCamera.translation).norm / (b.time - a.time)
    }
    let limit = 0.2 * (steps.reduce(0) { $0 + $1 * $1 } / Double(steps.count)).squareRoot()
    return steps.map { $0 >= limit }
  }

  /// No camera is better than this: metres and radians for a second.
  private static let leastDriftDensity = 5e-4
  private static let leastTurnDensity = 1e-4

  /// tr(J·Σ·Jᵀ) of some rows that touch two keys.
  private func leverage(
    of block: JacobianRows, _ rows: Range<Int>, _ start: Int, _ covariance: BorderedBandSystem.CovarianceBand
  ) -> Double {
    var sum = 0.0
    for row in rows {
      let base = row * block.columns
      for a in 0..<block.width {
        let factor = block.jacobian[base + a]
        if factor == 0 { continue }
        sum += factor * factor * covariance[start + a, start + a]
        for b in 0..<a where block.jacobian[base + b] != 0 {
          sum += 2 * factor * block.jacobian[base + b] * covariance[start + a, start + b]
        }
      }
    }
    return sum
  }

  /// Measurements of one kind, in units of the deviations that were assumed.
  private struct Component {
    private var squares: [Double] = []
    private var redundancy = 0.0
    private var values = 0

    mutating func add(_ residual: ArraySlice<Double>, leverage: Double) {
      squares.append(residual.reduce(0) { $0 + $1 * $1 })
      redundancy += max(0, Double(residual.count) - leverage)
      values += residual.count
    }

    /// By how much the deviation assumed is too small. Outliers count no more than the limit of Huber's cost.
    var factor: Double {
      guard !squares.isEmpty, redundancy > 0.02 * Double(values) else { return 1 }
      let limit = 4 * squares.reduce(0, +) / Double(squares.count)
      let clipped = squares.reduce(0) { $0 + min($1, limit) }
      return max(0.2, min(5, (clipped / redundancy).squareRoot()))
    }
  }
}

extension InertialBatch.Weights {
  /// The largest relative change of any of them.
  func largestChange(to other: Self) -> Double {
    [
      other.driftDensity / driftDensity, other.turnDensity / turnDensity,
      other.accelerometerInflation / accelerometerInflation,
    ].reduce(0) { max($0, abs(logarithm($1))) }
  }
}
