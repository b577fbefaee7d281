import Geometry
import LinearAlgebra
public import MultiView

/// Moves poses and points together until they agree best with what was seen.
///
/// Levenberg–Marquardt with a robust kernel. Points are eliminated by the Schur complement, so the system to be solved
/// has six unknowns for each free pose, and two more for a camera that is not known. The same input gives the same result, bit for bit.
///
/// Source: Triggs, McLauchlan, Hartley, Fitzgibbon 2000, "Bundle adjustment – a modern synthesis", §6.1.
public struct BundleAdjuster: Sendable {
  public var iterations = 10
  /// In pixels.
  public var kernel = HuberKernel(threshold: 1.5)
  /// A step that improves the cost by less than this share is the last.
  public var tolerance = 1e-4
  /// Share by which the diagonal is raised at first. What an earlier adjustment ended with goes on from there.
  public var damping = 1e-4

  public init() {}

  /// What adjustment did.
  public struct Report: Hashable, Sendable {
    /// Robust cost before and after, pixels².
    public var initialCost: Double
    public var finalCost: Double
    /// Steps that were taken.
    public var steps: Int
    /// Share by which the diagonal was raised at the end.
    public var damping: Double
    /// Whether more steps would change little.
    public var isConverged = false
  }

  /// Adjusts `problem` in place. Never makes its cost greater.
  @discardableResult
  public func adjust(_ problem: inout BundleProblem) -> Report {
    let layout = BundleLayout(problem)
    var system = BundleSystem(problem, layout, kernel)
    var report = Report(initialCost: system.cost, finalCost: system.cost, steps: 0, damping: damping)
    for _ in 0..<iterations {
      guard let step = system.solve(layout, damping: report.damping) else {
        report.damping *= 10
        continue
      }
      let candidate = layout.moved(problem, by: step)
      let cost = BundleSystem.cost(candidate, kernel)
      guard cost <= system.cost else {
        report.damping *= 10
        report.isConverged = report.damping > 1e6
        if report.isConverged { break }
        continue
      }
      let gain = system.cost - cost
      problem = candidate
      report.steps += 1
      report.finalCost = cost
      report.isConverged = gain <= tolerance * system.cost
      if report.isConverged { break }
      report.damping = max(report.damping / 10, 1e-9)
      system = BundleSystem(problem, layout, kernel)
    }
    return report
  }
}

/// Which poses are free, and which observations belong to which point.
struct BundleLayout {
  /// The place of each pose among the free ones; −1 for fixed ones.
  let slots: [Int]
  let freeCount: Int
  /// The block of the camera, after those of the poses; `nil` when it stays.
  let cameraSlot: Int?
  /// Indices of observations, point after point.
  let order: [Int]
  /// Where in `order` the observations of each point begin; one more entry ends the last.
  let starts: [Int]

  /// Free poses, and the camera when it is free.
  var blockCount: Int { freeCount + (cameraSlot == nil ? 0 : 1) }

  init(_ problem: BundleProblem) {
    var free = 0
    slots = problem.isFixed.map { isFixed in
      if isFixed { return -1 }
      free += 1
      return free - 1
    }
    freeCount = free
    cameraSlot = problem.intrinsics == nil ? nil : free
    var counts = [Int](repeating: 0, count: problem.points.count + 1)
    for observation in problem.observations { counts[observation.point + 1] += 1 }
    for point in problem.points.indices { counts[point + 1] += counts[point] }
    starts = counts
    var order = [Int](repeating: 0, count: problem.observations.count)
    for (index, observation) in problem.observations.enumerated() {
      order[counts[observation.point]] = index
      counts[observation.point] += 1
    }
    self.order = order
  }

  /// The problem after a step: twists of the free poses, on the left of camera from world, and moves of the points.
  func moved(_ problem: BundleProblem, by step: BundleSystem.Step) -> BundleProblem {
    var moved = problem
    for (pose, slot) in slots.enumerated() where slot >= 0 {
      let d = step.blocks[6 * slot..<6 * slot + 6].map { $0 }
      let twist = SE3.Twist(linear: SIMD3(d[0], d[1], d[2]), angular: SIMD3(d[3], d[4], d[5]))
      moved.poses[pose] = SE3.exp(twist) * problem.poses[pose]
    }
    if let slot = cameraSlot {
      moved.camera = problem.camera.moved(
        focalShare: step.blocks[6 * slot], distortion: step.blocks[6 * slot + 1])
    }
    for (point, delta) in step.points.enumerated() { moved.points[point] += delta }
    return moved
  }
}
