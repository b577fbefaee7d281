import Geometry
import SLAM
import TestSupport
import Testing

@Suite struct BundleAdjusterTests {
  private static let camera = CameraModel.pinhole(
    PinholeCamera(
      focalLength: SIMD2(458, 457), principalPoint: SIMD2(367, 248),
      distortion: .init(k1: -0.28, k2: 0.07, p1: 0.0002, p2: 0.00002), width: 752, height: 480))

  /// Cameras on an arc that look at a cloud; the truth, and the same with everything but two poses moved.
  private func problems(
    seed: UInt64, noise: Double, outliers: Int = 0, disturbance: Double = 0.05
  ) -> (truth: BundleProblem, start: BundleProblem) {
    var generator = SeededGenerator(seed: seed)
    func random(_ size: Double) -> Double { Double.random(in: -size...size, using: &generator) }
    let points = (0..<120).map { _ in SIMD3(random(2), random(1.5), 6 + random(2)) }
    let poses = (0..<8).map { index in
      let side = Double(index) * 0.3 - 1
      return SE3(
        rotation: .exp(SIMD3(0, side * 0.15, random(0.1))), translation: SIMD3(-side, random(0.2), random(0.2)))
    }
    var observations: [BundleProblem.Observation] = []
    for (pose, cameraFromWorld) in poses.enumerated() {
      for (point, position) in points.enumerated() {
        guard let pixel = Self.camera.project(cameraFromWorld * position), Self.camera.contains(pixel: pixel) else {
          continue
        }
        observations.append(.init(pose: pose, point: point, pixel: pixel + SIMD2(random(noise), random(noise))))
      }
    }
    for _ in 0..<outliers {
      let index = Int.random(in: observations.indices, using: &generator)
      observations[index].pixel += SIMD2(40 + random(20), random(60))
    }
    let isFixed = poses.indices.map { $0 < 2 }
    let truth = BundleProblem(
      camera: Self.camera, poses: poses, isFixed: isFixed, points: points, observations: observations)
    var start = truth
    for index in poses.indices where !isFixed[index] {
      let twist = SE3.Twist(
        linear: SIMD3(random(disturbance), random(disturbance), random(disturbance)),
        angular: SIMD3(random(0.02), random(0.02), random(0.02)))
      start.poses[index] = SE3.exp(twist) * poses[index]
    }
    for index in points.indices { start.points[index] += SIMD3(random(0.1), random(0.1), random(0.3)) }
    return (truth, start)
  }

  private func worst(_ a: BundleProblem, _ b: BundleProblem) -> Double {
    zip(a.poses, b.poses).map { ($0.inverse.translation - $1.inverse.translation).norm }.max() ?? .infinity
  }

  @Test(arguments: 1...5) func findsTheTruthWithoutNoise(seed: UInt64) {
    var (truth, problem) = problems(seed: seed, noise: 0)
    var adjuster = BundleAdjuster()
    adjuster.iterations = 40
    adjuster.tolerance = 1e-12
    let report = adjuster.adjust(&problem)
    #expect(report.initialCost > 1e4 && report.finalCost < 1e-6)
    #expect(worst(truth, problem) < 1e-6)
    #expect(problem.poses[0] == truth.poses[0] && problem.poses[1] == truth.poses[1])
  }

  @Test(arguments: 1...5) func outliersPullLittle(seed: UInt64) {
    var (truth, problem) = problems(seed: seed, noise: 0.5, outliers: 40)
    var adjuster = BundleAdjuster()
    adjuster.iterations = 30
    adjuster.adjust(&problem)
    #expect(worst(truth, problem) < 0.02)
  }

  @Test(arguments: 1...4) func findsFocalLengthAndDistortion(seed: UInt64) {
    var (_, problem) = problems(seed: seed, noise: 0.3)
    guard case .pinhole(var wrong) = Self.camera else { return }
    wrong.focalLength *= 1.2
    wrong.distortion.k1 = -0.1
    problem.camera = .pinhole(wrong)
    problem.intrinsics = Intrinsics(assumed: problem.camera)
    // Only the first pose is known: the distance of the second is a scale, which the wrong camera would bend.
    problem.isFixed[1] = false
    var adjuster = BundleAdjuster()
    adjuster.iterations = 60
    adjuster.tolerance = 1e-9
    adjuster.adjust(&problem)
    #expect(abs(problem.camera.focalLength.x / Self.camera.focalLength.x - 1) < 0.02)
    if case .pinhole(let found) = problem.camera { #expect(abs(found.distortion.k1 + 0.28) < 0.03) }
  }

  @Test func isTheSameInEveryRunAndNeverWorse() {
    let (_, start) = problems(seed: 9, noise: 1, outliers: 10, disturbance: 0.4)
    var (first, second) = (start, start)
    let report = BundleAdjuster().adjust(&first)
    #expect(report == BundleAdjuster().adjust(&second))
    #expect(first.poses == second.poses && first.points == second.points)
    #expect(report.finalCost <= report.initialCost)
  }

  @Test func piecesLeadWhereOneRunDoes() {
    let (_, start) = problems(seed: 4, noise: 1, outliers: 10, disturbance: 0.4)
    var (whole, pieces) = (start, start)
    var adjuster = BundleAdjuster()
    adjuster.iterations = 6
    adjuster.tolerance = 0
    let report = adjuster.adjust(&whole)
    adjuster.iterations = 2
    for _ in 0..<3 { adjuster.damping = adjuster.adjust(&pieces).damping }
    #expect(report.steps > 3 && adjuster.damping == report.damping)
    #expect(whole.poses == pieces.poses && whole.points == pieces.points)
  }

  @Test func degenerateProblemsAreLeftAlone() {
    // A point that one camera sees, one that none sees, one behind, and poses that are all fixed.
    var problem = BundleProblem(
      camera: Self.camera, poses: [.identity, .identity], isFixed: [true, true],
      points: [SIMD3(0, 0, 5), SIMD3(1, 1, 5), SIMD3(0, 0, -1)],
      observations: [
        .init(pose: 0, point: 0, pixel: SIMD2(367, 248)), .init(pose: 1, point: 2, pixel: SIMD2(10, 10)),
      ])
    let report = BundleAdjuster().adjust(&problem)
    #expect(report.finalCost <= report.initialCost)
    #expect(problem.points[1] == SIMD3(1, 1, 5))
    #expect(problem.points.allSatisfy { $0.x.isFinite && $0.z.isFinite })
    var empty = BundleProblem(camera: Self.camera, poses: [], isFixed: [], points: [], observations: [])
    #expect(BundleAdjuster().adjust(&empty).finalCost == 0)
  }
}
