import Geometry
import MultiView
import TestSupport
import Testing

@Suite struct RelativePoseTests {
  private let estimator = RelativePoseEstimator(inlierThreshold: 2.0 / 460)

  @Test(arguments: 1...8) func findsCamerasInSpace(seed: UInt64) throws {
    let views = TwoViews(seed: seed)
    let best = try #require(estimator.estimate(views.pairs).first)
    let (rotation, direction) = views.errors(of: best.secondFromFirst)
    #expect(rotation < 0.006 && direction < 0.05)
    #expect(best.inliers.count > 110 && best.inliers.filter { $0 < 30 }.count < 8)
  }

  @Test(arguments: 1...8) func planesLeaveTheTruthAmongTheCandidates(seed: UInt64) throws {
    let views = TwoViews(seed: seed, isPlane: true, noise: 0.3)
    let candidates = estimator.estimate(views.pairs).filter { $0.model == .homography }
    let closest = try #require(candidates.map { views.errors(of: $0.secondFromFirst) }.min { $0.1 < $1.1 })
    #expect(closest.rotation < 0.01 && closest.direction < 0.1)
  }

  @Test func isTheSameInEveryRun() {
    let views = TwoViews(seed: 5)
    #expect(estimator.estimate(views.pairs) == estimator.estimate(views.pairs))
  }

  @Test func noiseHasNoPose() {
    let views = TwoViews(seed: 3, outlierShare: 1)
    #expect(estimator.estimate(views.pairs).allSatisfy { $0.inliers.count < views.pairs.count / 2 })
    #expect(estimator.estimate(Array(views.pairs.prefix(7))).isEmpty)
  }
}

@Suite struct AbsolutePoseTests {
  private func observations(_ views: TwoViews) throws -> [PointObservation] {
    try zip(views.points, views.pairs).map { point, pair in
      PointObservation(pointInWorld: point, pixel: try #require(views.camera.project(pair.second)))
    }
  }

  @Test(arguments: 1...8) func findsTheCameraAmongOutliers(seed: UInt64) throws {
    let views = TwoViews(seed: seed, outlierShare: 0.5)
    let observations = try observations(views)
    let estimate = try #require(AbsolutePoseEstimator().estimate(observations, camera: views.camera))
    let difference = estimate.cameraFromWorld * views.secondFromFirst.inverse
    #expect(difference.translation.norm < 0.02 && difference.rotation.angle < 0.004)
    #expect(estimate.inliers.count >= 75 && estimate.inliers == estimate.inliers.sorted())
    #expect(estimate == AbsolutePoseEstimator().estimate(observations, camera: views.camera))
  }

  @Test(arguments: 1...20) func threePointsAreExact(seed: UInt64) throws {
    let views = TwoViews(seed: seed, noise: 0, outlierShare: 0, count: 12)
    let observations = try observations(views)
    var estimator = AbsolutePoseEstimator()
    estimator.minimalInliers = 10
    let estimate = try #require(estimator.estimate(observations, camera: views.camera))
    let difference = estimate.cameraFromWorld * views.secondFromFirst.inverse
    #expect(difference.translation.norm < 1e-6 && difference.rotation.angle < 1e-6)
  }

  @Test func wrongMatchesHaveNoPose() throws {
    let views = TwoViews(seed: 9, outlierShare: 1)
    #expect(AbsolutePoseEstimator().estimate(try observations(views), camera: views.camera) == nil)
    #expect(AbsolutePoseEstimator().estimate([], camera: views.camera) == nil)
  }

  @Test func refinementConvergesFromAfar() throws {
    let views = TwoViews(seed: 4, noise: 0, outlierShare: 0.1)
    let start = SE3(rotation: .exp(SIMD3(0.1, -0.1, 0.05)), translation: SIMD3(0.2, 0.2, -0.2)) * views.secondFromFirst
    let refined = try #require(
      PoseRefiner().refine(try observations(views), camera: views.camera, start: start))
    let difference = refined.cameraFromWorld * views.secondFromFirst.inverse
    #expect(difference.translation.norm < 0.01 && refined.inlierCount >= 130)
  }
}

@Suite struct TriangulationTests {
  @Test func raysMeetAtTheirPoint() throws {
    let point = SIMD3(1.0, 2, 8)
    let origins = [SIMD3(0.0, 0, 0), SIMD3(1, 0, 0), SIMD3(0, 1, -1)]
    let rays = origins.map { Triangulation.Ray(origin: $0, direction: point - $0) }
    #expect((try #require(Triangulation.nearestPoint(to: rays)) - point).norm < 1e-9)
    #expect(abs(Triangulation.parallax(of: SIMD3(0, 0, 10), from: [SIMD3(-0.5, 0, 0), SIMD3(0.5, 0, 0)]) - 0.1) < 1e-3)
  }

  @Test func parallelAndBackwardRaysHaveNone() {
    let forward = Triangulation.Ray(origin: .zero, direction: SIMD3(0, 0, 1))
    let beside = Triangulation.Ray(origin: SIMD3(1, 0, 0), direction: SIMD3(0, 0, 1))
    #expect(Triangulation.nearestPoint(to: [forward, beside]) == nil)
    #expect(Triangulation.nearestPoint(to: [forward]) == nil)
    let apart = Triangulation.Ray(origin: SIMD3(1, 0, 0), direction: SIMD3(0.2, 0, 1))
    #expect(Triangulation.nearestPoint(to: [forward, apart]) == nil)
  }
}

@Suite struct SimilarityAlignmentTests {
  private func cloud(_ seed: UInt64, _ count: Int = 30) -> [SIMD3<Double>] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in
      SIMD3(
        Double.random(in: -3...3, using: &generator), Double.random(in: -3...3, using: &generator),
        Double.random(in: -3...3, using: &generator))
    }
  }

  @Test(arguments: 1...10) func findsTheSimilarity(seed: UInt64) throws {
    let source = cloud(seed)
    let truth = Sim3(
      scale: 0.2 * Double(seed), rotation: .exp(SIMD3(Double(seed), -1, 0.3)), translation: SIMD3(4, -5, 6))
    let found = try #require(SimilarityAlignment.targetFromSource(source, source.map { truth * $0 }))
    #expect(abs(found.scale / truth.scale - 1) < 1e-9)
    #expect(source.allSatisfy { (found * $0 - truth * $0).norm < 1e-8 })
    let rigid = try #require(SimilarityAlignment.targetFromSource(source, source, withScale: false))
    #expect(rigid.scale == 1 && rigid.rotation.angle < 1e-7)
  }

  @Test func planesAreNotMirrored() throws {
    let source = cloud(3).map { SIMD3($0.x, $0.y, 0) }
    let truth = Sim3(scale: 2, rotation: .exp(SIMD3(0.5, 2.5, 0)), translation: SIMD3(1, 1, 1))
    let found = try #require(SimilarityAlignment.targetFromSource(source, source.map { truth * $0 }))
    #expect(source.allSatisfy { (found * $0 - truth * $0).norm < 1e-8 })
  }

  @Test func linesDoNotTell() {
    let line = (0..<10).map { SIMD3(Double($0), 2 * Double($0), 0) }
    #expect(SimilarityAlignment.targetFromSource(line, line) == nil)
    #expect(SimilarityAlignment.targetFromSource([.zero], [.zero]) == nil)
  }
}
