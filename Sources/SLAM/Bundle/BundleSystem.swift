import Geometry
import LinearAlgebra
import MultiView

/// The normal equations of a bundle problem at one place, by blocks.
struct BundleSystem {
  /// A step of all unknowns.
  struct Step {
    /// Six numbers for each free pose: linear, angular.
    var poses: [Double]
    var points: [SIMD3<Double>]
  }

  /// Robust cost, pixels².
  private(set) var cost = 0.0
  /// The 6×6 block of each free pose, row-major, and the six numbers of its gradient.
  private var poseBlocks: [Double]
  private var poseGradients: [Double]
  /// The 3×3 block and the gradient of each point.
  private var pointBlocks: [Matrix3]
  private var pointGradients: [SIMD3<Double>]
  /// Poses against points: six rows for each observation.
  private var mixedRows: [SIMD3<Double>]
  /// The free pose of each observation in the order of the layout; −1 where it adds nothing.
  private var mixedSlots: [Int]

  init(_ problem: BundleProblem, _ layout: BundleLayout, _ kernel: HuberKernel) {
    let zero = Matrix3(.zero, .zero, .zero)
    poseBlocks = [Double](repeating: 0, count: 36 * layout.freeCount)
    poseGradients = [Double](repeating: 0, count: 6 * layout.freeCount)
    pointBlocks = [Matrix3](repeating: zero, count: problem.points.count)
    pointGradients = [SIMD3<Double>](repeating: .zero, count: problem.points.count)
    mixedRows = [SIMD3<Double>](repeating: .zero, count: 6 * problem.observations.count)
    mixedSlots = [Int](repeating: -1, count: problem.observations.count)
    let rotations = problem.poses.map(\.rotation.matrix.transposed)
    for (place, index) in layout.order.enumerated() {
      let observation = problem.observations[index]
      let point = problem.poses[observation.pose] * problem.points[observation.point]
      guard let projection = problem.camera.projectLinearly(point) else {
        cost += observation.weight * 2 * kernel.cost(squaredResidual: Self.behind)
        continue
      }
      let residual = projection.pixel - observation.pixel
      let squared = (residual * residual).sum()
      cost += observation.weight * 2 * kernel.cost(squaredResidual: squared)
      let weight = observation.weight * kernel.weight(squaredResidual: squared)
      let slot = layout.slots[observation.pose]
      mixedSlots[place] = slot
      let rotation = rotations[observation.pose]
      add(projection.uGradient, residual.x, weight, point, rotation, observation.point, slot, place)
      add(projection.vGradient, residual.y, weight, point, rotation, observation.point, slot, place)
    }
  }

  /// Squared residual that a point behind its camera counts with, pixels².
  private static let behind = 1e6

  static func cost(_ problem: BundleProblem, _ kernel: HuberKernel) -> Double {
    problem.observations.reduce(0) { sum, observation in
      let squared = min(problem.squaredError(of: observation), behind)
      return sum + observation.weight * 2 * kernel.cost(squaredResidual: squared)
    }
  }

  /// Adds one row of the Jacobian: `gradient` by the point in camera axes.
  private mutating func add(
    _ gradient: SIMD3<Double>, _ error: Double, _ weight: Double, _ point: SIMD3<Double>,
    _ worldFromCamera: Matrix3, _ pointIndex: Int, _ slot: Int, _ place: Int
  ) {
    let byPoint = worldFromCamera * gradient
    let weighted = weight * byPoint
    pointBlocks[pointIndex] =
      pointBlocks[pointIndex] + Matrix3(weighted * byPoint.x, weighted * byPoint.y, weighted * byPoint.z)
    pointGradients[pointIndex] += weighted * error
    guard slot >= 0 else { return }
    let turning = point.cross(gradient)
    let row = (gradient.x, gradient.y, gradient.z, turning.x, turning.y, turning.z)
    withUnsafeBytes(of: row) { bytes in
      let row = bytes.assumingMemoryBound(to: Double.self)
      for i in 0..<6 {
        let scaled = weight * row[i]
        poseGradients[6 * slot + i] += scaled * error
        mixedRows[6 * place + i] += scaled * byPoint
        for j in 0..<6 { poseBlocks[36 * slot + 6 * i + j] += scaled * row[j] }
      }
    }
  }

  /// The step that minimises the damped quadratic model.
  /// - Returns: `nil` when the reduced system is not positive definite.
  func solve(_ layout: BundleLayout, damping: Double) -> Step? {
    let size = 6 * layout.freeCount
    var reduced = Matrix(rows: size, columns: size)
    var right = poseGradients.map { -$0 }
    for slot in 0..<layout.freeCount {
      for i in 0..<6 {
        for j in 0..<6 { reduced[6 * slot + i, 6 * slot + j] = poseBlocks[36 * slot + 6 * i + j] }
        reduced[6 * slot + i, 6 * slot + i] *= 1 + damping
        reduced[6 * slot + i, 6 * slot + i] += 1e-9
      }
    }
    let inverses = pointBlocks.map { Self.inverse(of: $0, damping: damping) }
    for point in pointBlocks.indices {
      eliminate(point, inverses[point], layout, &reduced, &right)
    }
    var poses: [Double] = []
    if size > 0 {
      guard let solution = Cholesky(reduced)?.solve(right) else { return nil }
      poses = solution
    }
    let points = pointBlocks.indices.map { point in
      var gradient = -pointGradients[point]
      for place in layout.starts[point]..<layout.starts[point + 1] where mixedSlots[place] >= 0 {
        for i in 0..<6 { gradient -= mixedRows[6 * place + i] * poses[6 * mixedSlots[place] + i] }
      }
      return inverses[point] * gradient
    }
    return Step(poses: poses, points: points)
  }

  /// Takes a point out of the system: `S −= W·V⁻¹·Wᵀ`.
  private func eliminate(
    _ point: Int, _ inverse: Matrix3, _ layout: BundleLayout, _ reduced: inout Matrix, _ right: inout [Double]
  ) {
    let places = layout.starts[point]..<layout.starts[point + 1]
    for place in places where mixedSlots[place] >= 0 {
      let row = 6 * mixedSlots[place]
      for i in 0..<6 {
        let scaled = inverse * mixedRows[6 * place + i]
        right[row + i] += scaled.dot(pointGradients[point])
        // Only the lower half is read.
        for other in places where mixedSlots[other] >= 0 && mixedSlots[other] <= mixedSlots[place] {
          let column = 6 * mixedSlots[other]
          for j in 0..<6 { reduced[row + i, column + j] -= scaled.dot(mixedRows[6 * other + j]) }
        }
      }
    }
  }

  /// The inverse of a point's block. A point of which the rays tell no depth does not move.
  private static func inverse(of block: Matrix3, damping: Double) -> Matrix3 {
    let trace = block[0, 0] + block[1, 1] + block[2, 2]
    let diagonal = damping * trace / 3
    let damped = block + diagonal * .identity
    let floor = 1e-15 * trace * trace * trace
    guard let x = damped.solve(SIMD3(1, 0, 0), minimalDeterminant: floor),
      let y = damped.solve(SIMD3(0, 1, 0), minimalDeterminant: floor),
      let z = damped.solve(SIMD3(0, 0, 1), minimalDeterminant: floor)
    else { return Matrix3(.zero, .zero, .zero) }
    return Matrix3(x, y, z)
  }
}
