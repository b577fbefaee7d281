import Geometry
import LinearAlgebra
import MultiView

/// The normal equations of a bundle problem at one place, by blocks.
///
/// Each free pose is a block of six unknowns; a camera that is free is one block more, of which two are used.
struct BundleSystem {
  /// A step of all unknowns.
  struct Step {
    /// Six numbers for each free block: of poses linear and angular, of the camera as in ``Intrinsics``.
    var blocks: [Double]
    var points: [SIMD3<Double>]
  }

  /// A block against a point, 6×3, by columns.
  private struct Mixed {
    var x = SIMD6.zero
    var y = SIMD6.zero
    var z = SIMD6.zero

    static func * (mixed: Mixed, matrix: Matrix3) -> Mixed {
      func column(_ c: SIMD3<Double>) -> SIMD6 { mixed.x * c.x + mixed.y * c.y + mixed.z * c.z }
      return Mixed(x: column(matrix.columns.0), y: column(matrix.columns.1), z: column(matrix.columns.2))
    }

    /// Adds `row` times the transpose of `byPoint`.
    mutating func add(_ row: SIMD6, _ byPoint: SIMD3<Double>) {
      x += row * byPoint.x
      y += row * byPoint.y
      z += row * byPoint.z
    }
  }

  /// Robust cost, pixels².
  private(set) var cost = 0.0
  private let blockCount: Int
  /// The reduced system before points are eliminated, of which only the lower half is filled, and the gradient.
  private var blocks: Matrix
  private var gradients: [Double]
  /// The 3×3 block and the gradient of each point.
  private var pointBlocks: [Matrix3]
  private var pointGradients: [SIMD3<Double>]
  /// For each observation in the order of the layout, then for each point the free camera's.
  private var mixed: [Mixed]
  /// The block of each observation in the order of the layout; −1 where it adds nothing.
  private var mixedSlots: [Int]

  init(_ problem: BundleProblem, _ layout: BundleLayout, _ kernel: HuberKernel) {
    blockCount = layout.blockCount
    blocks = Matrix(rows: 6 * blockCount, columns: 6 * blockCount)
    gradients = [Double](repeating: 0, count: 6 * blockCount)
    pointBlocks = [Matrix3](repeating: Matrix3(.zero, .zero, .zero), count: problem.points.count)
    pointGradients = [SIMD3<Double>](repeating: .zero, count: problem.points.count)
    let extra = layout.cameraSlot == nil ? 0 : problem.points.count
    mixed = [Mixed](repeating: Mixed(), count: problem.observations.count + extra)
    mixedSlots = [Int](repeating: -1, count: problem.observations.count)
    let rotations = problem.poses.map(\.rotation.matrix.transposed)
    let bent = layout.cameraSlot.map { _ in Intrinsics.bent(problem.camera) }
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
      mixedSlots[place] = layout.slots[observation.pose]
      let rotation = rotations[observation.pose]
      let lens = bent.flatMap { Intrinsics.derivative(problem.camera, bent: $0, point, projection.pixel) }
      add(
        Row(projection.uGradient, point, rotation, lens?.u), residual.x, weight, observation.point, place, layout)
      add(
        Row(projection.vGradient, point, rotation, lens?.v), residual.y, weight, observation.point, place, layout)
    }
    if let slot = layout.cameraSlot, let intrinsics = problem.intrinsics {
      let (error, weight) = (intrinsics.error(problem.camera), intrinsics.weight)
      for i in 0..<6 {
        blocks[6 * slot + i, 6 * slot + i] += i < 2 ? weight[i] : 1
        if i < 2 { gradients[6 * slot + i] += weight[i] * error[i] }
      }
      cost += intrinsics.cost(problem.camera)
    }
  }

  /// Squared residual that a point behind its camera counts with, pixels².
  private static let behind = 1e6

  static func cost(_ problem: BundleProblem, _ kernel: HuberKernel) -> Double {
    problem.observations.reduce(problem.intrinsics?.cost(problem.camera) ?? 0) { sum, observation in
      let squared = min(problem.squaredError(of: observation), behind)
      return sum + observation.weight * 2 * kernel.cost(squaredResidual: squared)
    }
  }

  /// One row of the Jacobian.
  private struct Row {
    let byPose: SIMD6
    let byPoint: SIMD3<Double>
    let byCamera: SIMD6?

    /// - Parameter gradient: by the point in camera axes.
    init(
      _ gradient: SIMD3<Double>, _ point: SIMD3<Double>, _ worldFromCamera: Matrix3, _ byCamera: SIMD2<Double>?
    ) {
      byPose = SIMD6(gradient, point.cross(gradient))
      byPoint = worldFromCamera * gradient
      self.byCamera = byCamera.map { SIMD6(SIMD3($0.x, $0.y, 0), .zero) }
    }
  }

  private mutating func add(
    _ row: Row, _ error: Double, _ weight: Double, _ point: Int, _ place: Int, _ layout: BundleLayout
  ) {
    let weighted = weight * row.byPoint
    pointBlocks[point] =
      pointBlocks[point]
      + Matrix3(weighted * row.byPoint.x, weighted * row.byPoint.y, weighted * row.byPoint.z)
    pointGradients[point] += weighted * error
    let slot = mixedSlots[place]
    if slot >= 0 {
      addBlock(slot, slot, weight, row.byPose, row.byPose)
      addGradient(slot, weight * error, row.byPose)
      mixed[place].add(row.byPose, weighted)
    }
    guard let byCamera = row.byCamera, let cameraSlot = layout.cameraSlot else { return }
    addBlock(cameraSlot, cameraSlot, weight, byCamera, byCamera)
    addGradient(cameraSlot, weight * error, byCamera)
    mixed[mixedSlots.count + point].add(byCamera, weighted)
    if slot >= 0 { addBlock(cameraSlot, slot, weight, byCamera, row.byPose) }
  }

  private mutating func addBlock(_ slot: Int, _ other: Int, _ weight: Double, _ left: SIMD6, _ right: SIMD6) {
    let columns = blocks.columns
    blocks.elements.withUnsafeMutableBufferPointer { elements in
      guard let start = elements.baseAddress.map({ $0 + (6 * slot * columns + 6 * other) }) else { return }
      for i in 0..<6 { (right * (weight * left[i])).add(to: start + i * columns) }
    }
  }

  private mutating func addGradient(_ slot: Int, _ scale: Double, _ row: SIMD6) {
    gradients.withUnsafeMutableBufferPointer { gradients in
      if let start = gradients.baseAddress { (row * scale).add(to: start + 6 * slot) }
    }
  }

  /// The step that minimises the damped quadratic model.
  /// - Returns: `nil` when the reduced system is not positive definite.
  func solve(_ layout: BundleLayout, damping: Double) -> Step? {
    var reduced = blocks
    var right = gradients.map { -$0 }
    for index in 0..<6 * blockCount {
      reduced[index, index] *= 1 + damping
      reduced[index, index] += 1e-9
    }
    let inverses = pointBlocks.map { Self.inverse(of: $0, damping: damping) }
    reduced.elements.withUnsafeMutableBufferPointer { reduced in
      right.withUnsafeMutableBufferPointer { right in
        guard let reduced = reduced.baseAddress, let right = right.baseAddress else { return }
        var scratch: [(slot: Int, place: Int, scaled: Mixed)] = []
        for point in pointBlocks.indices { eliminate(point, inverses[point], layout, reduced, right, &scratch) }
      }
    }
    var steps: [Double] = []
    if blockCount > 0 {
      guard let solution = Cholesky(reduced)?.solve(right) else { return nil }
      steps = solution
    }
    let points = pointBlocks.indices.map { point in
      var gradient = -pointGradients[point]
      forEachBlock(of: point, layout) { slot, place in
        let step = SIMD6(steps, at: 6 * slot)
        gradient -= SIMD3(mixed[place].x.dot(step), mixed[place].y.dot(step), mixed[place].z.dot(step))
      }
      return inverses[point] * gradient
    }
    return Step(blocks: steps, points: points)
  }

  /// The blocks that a point is seen by, with the places of their entries in `mixed`; the camera's comes last.
  private func forEachBlock(of point: Int, _ layout: BundleLayout, _ body: (_ slot: Int, _ place: Int) -> Void) {
    for place in layout.starts[point]..<layout.starts[point + 1] where mixedSlots[place] >= 0 {
      body(mixedSlots[place], place)
    }
    if let slot = layout.cameraSlot { body(slot, mixedSlots.count + point) }
  }

  /// Takes a point out of the system: `S −= W·V⁻¹·Wᵀ`.
  private func eliminate(
    _ point: Int, _ inverse: Matrix3, _ layout: BundleLayout, _ reduced: UnsafeMutablePointer<Double>,
    _ right: UnsafeMutablePointer<Double>, _ scratch: inout [(slot: Int, place: Int, scaled: Mixed)]
  ) {
    scratch.removeAll(keepingCapacity: true)
    forEachBlock(of: point, layout) { scratch.append(($0, $1, mixed[$1] * inverse)) }
    let gradient = pointGradients[point]
    let columns = 6 * blockCount
    for (slot, _, scaled) in scratch {
      (scaled.x * gradient.x + scaled.y * gradient.y + scaled.z * gradient.z).add(to: right + 6 * slot)
      // Only the lower half is read.
      for (otherSlot, otherPlace, _) in scratch where otherSlot <= slot {
        let other = mixed[otherPlace]
        let start = reduced + (6 * slot * columns + 6 * otherSlot)
        for i in 0..<6 {
          (other.x * -scaled.x[i] - other.y * scaled.y[i] - other.z * scaled.z[i]).add(to: start + i * columns)
        }
      }
    }
  }

  /// The inverse of a point's block. A point of which the rays tell no depth does not move.
  private static func inverse(of block: Matrix3, damping: Double) -> Matrix3 {
    let trace = block[0, 0] + block[1, 1] + block[2, 2]
    let diagonal = damping * trace / 3
    let damped = block + diagonal * .identity
    let (a, b, c) = damped.columns
    let adjugate = (b.cross(c), c.cross(a), a.cross(b))
    let determinant = a.dot(adjugate.0)
    guard abs(determinant) > 1e-15 * trace * trace * trace else { return Matrix3(.zero, .zero, .zero) }
    return Matrix3(rows: adjugate.0 / determinant, adjugate.1 / determinant, adjugate.2 / determinant)
  }
}
