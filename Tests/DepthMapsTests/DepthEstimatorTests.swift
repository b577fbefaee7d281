import DepthMaps
import Geometry
import TestSupport
import Testing
import Vision

@Suite struct DepthEstimatorTests {
  private static let reference = SE3(rotation: .exp(SIMD3(0.02, 0.1, 0.01)), translation: SIMD3(0, 0, 1))

  /// Where the camera goes from the reference: aside, up, forward and turning.
  private static let motions = [
    SE3(rotation: .exp(SIMD3(0, 0.02, 0.01)), translation: SIMD3(-0.2, 0.02, 0)),
    SE3(rotation: .exp(SIMD3(0.01, -0.03, 0)), translation: SIMD3(0.22, 0.01, 0.05)),
    SE3(rotation: .exp(SIMD3(0.02, 0, -0.03)), translation: SIMD3(0.03, -0.2, 0)),
    SE3(rotation: .exp(SIMD3(-0.02, 0.01, 0)), translation: SIMD3(-0.05, 0.15, -0.15)),
  ]

  private func neighbours(_ box: RenderedBox, _ motions: [SE3] = motions) -> [DepthView] {
    motions.enumerated().map { (index: Int, motion: SE3) -> DepthView in
      let step = Double(index)
      return box.view(motion * Self.reference, gain: 1 - 0.05 * step, bias: 4 * step)
    }
  }

  private func relativeErrors(_ estimates: [DepthEstimate], _ box: RenderedBox) -> [Double] {
    estimates.compactMap { estimate in
      box.depth(at: estimate.pixel, Self.reference).map { abs(1 / Double(estimate.inverseDepth) / $0 - 1) }
    }.sorted()
  }

  @Test(arguments: [(RenderedBox.pinhole, 5_000), (RenderedBox.fisheye, 3_000)])
  func findsTheDepthOfTextureThroughTheLens(_ camera: CameraModel, count: Int) {
    let box = RenderedBox(camera: camera)
    let estimates = DepthEstimator(camera: camera).estimate(
      reference: box.view(Self.reference), neighbours: neighbours(box), landmarks: box.landmarks(Self.reference))
    let errors = relativeErrors(estimates, box)
    #expect(estimates.count >= count)
    guard !errors.isEmpty else { return }
    #expect(errors[errors.count / 2] < 0.006, "median \(errors[errors.count / 2])")
    #expect(errors[errors.count * 9 / 10] < 0.025, "90 % \(errors[errors.count * 9 / 10])")
    #expect(estimates.allSatisfy { $0.confidence >= 0 && $0.confidence <= 1 && $0.inverseDepthDeviation > 0 })
  }

  @Test func sameInputGivesTheSameBits() {
    let box = RenderedBox(camera: RenderedBox.pinhole)
    let (reference, others) = (box.view(Self.reference), neighbours(box))
    let landmarks = box.landmarks(Self.reference)
    let results = (0..<2).map { _ in
      DepthEstimator(camera: box.camera).estimate(reference: reference, neighbours: others, landmarks: landmarks)
    }
    #expect(results[0] == results[1])
  }

  @Test func aUniformPictureHasNoDepth() {
    let box = RenderedBox(camera: RenderedBox.pinhole, isUniform: true)
    let estimates = DepthEstimator(camera: box.camera).estimate(
      reference: box.view(Self.reference), neighbours: neighbours(box), landmarks: box.landmarks(Self.reference))
    #expect(estimates.isEmpty)
  }

  @Test func rotationAloneShowsNoDepth() {
    let box = RenderedBox(camera: RenderedBox.pinhole)
    let turns = Self.motions.map { SE3(rotation: $0.rotation, translation: .zero) }
    let estimates = DepthEstimator(camera: box.camera).estimate(
      reference: box.view(Self.reference), neighbours: neighbours(box, turns),
      landmarks: box.landmarks(Self.reference))
    #expect(estimates.isEmpty)
  }

  @Test(arguments: [0.05, 0.1])
  func wrongPosesGiveNoPoints(_ radians: Double) {
    let box = RenderedBox(camera: RenderedBox.pinhole)
    var others = neighbours(box)
    for index in others.indices {
      let error = SE3(rotation: .exp(radians * SIMD3(0.6, -0.5, 0.8)), translation: radians * SIMD3(1, 2, -1))
      others[index].cameraFromWorld = (index % 2 == 0 ? error : error.inverse) * others[index].cameraFromWorld
    }
    let estimates = DepthEstimator(camera: box.camera).estimate(
      reference: box.view(Self.reference), neighbours: others, landmarks: box.landmarks(Self.reference))
    let count = estimates.count
    #expect(count == 0)
  }

  @Test func whatTheNeighboursDoNotSeeHasNoWrongDepth() {
    // All neighbours are on one side, so that the pillar hides a strip of the wall behind it from them.
    let box = RenderedBox(camera: RenderedBox.pinhole)
    let aside = [0.1, 0.2, 0.3, 0.4].map { SE3(rotation: .identity, translation: SIMD3($0, 0.02, 0)) }
    let estimates = DepthEstimator(camera: box.camera).estimate(
      reference: box.view(Self.reference), neighbours: neighbours(box, aside), landmarks: box.landmarks(Self.reference))
    let wrong = relativeErrors(estimates, box).filter { $0 > 0.1 }.count
    #expect(estimates.count >= 3000 && 50 * wrong < estimates.count, "\(wrong) of \(estimates.count)")
  }

  @Test func unusableInputGivesNothing() {
    let box = RenderedBox(camera: RenderedBox.pinhole)
    let (view, landmarks) = (box.view(Self.reference), box.landmarks(Self.reference))
    let estimator = DepthEstimator(camera: box.camera)
    let nowhere = SE3(rotation: .identity, translation: SIMD3(.nan, 0, 0))
    let small = DepthView(
      image: GreyImage(width: 8, height: 8, pixels: [UInt8](repeating: 0, count: 64)), cameraFromWorld: .identity)
    #expect(estimator.estimate(reference: view, neighbours: [], landmarks: landmarks).isEmpty)
    #expect(estimator.estimate(reference: view, neighbours: [small], landmarks: landmarks).isEmpty)
    #expect(estimator.estimate(reference: view, neighbours: neighbours(box), landmarks: []).isEmpty)
    let lost = [DepthView(image: view.image, cameraFromWorld: nowhere)]
    #expect(estimator.estimate(reference: view, neighbours: lost, landmarks: landmarks).isEmpty)
    let infinite = landmarks + [SIMD3(.infinity, 0, .infinity), SIMD3(repeating: .nan)]
    _ = estimator.estimate(reference: view, neighbours: neighbours(box), landmarks: infinite)
  }

  @Test func anotherViewConfirmsWhatIsThere() {
    let box = RenderedBox(camera: RenderedBox.pinhole)
    let landmarks = box.landmarks(Self.reference)
    let estimates = DepthEstimator(camera: box.camera).estimate(
      reference: box.view(Self.reference), neighbours: neighbours(box), landmarks: landmarks)
    let own = DepthConsistency(estimates, cameraFromWorld: Self.reference, camera: box.camera)
    let kept = DepthConsistency.consistent(
      estimates, cameraFromWorld: Self.reference, with: [own], minimalConfirmations: 1)
    #expect(kept.count > estimates.count * 9 / 10)
    let nearer = estimates.map { estimate in
      var moved = estimate
      moved.pointInCamera *= 0.8
      return moved
    }
    let wrong = DepthConsistency.consistent(nearer, cameraFromWorld: Self.reference, with: [own])
    #expect(wrong.count < estimates.count / 5)
  }

  @Test func neighboursAreSomeDegreesApartAndOnSeveralSides() {
    let box = RenderedBox(camera: RenderedBox.pinhole)
    let shifts = [0.001, 0.2, 0.25, -0.2, 5]
    let candidates = shifts.map {
      SE3(rotation: .identity, translation: SIMD3($0, 0, 0)) * Self.reference
    }
    let chosen = NeighbourChoice.choose(
      reference: Self.reference, candidates: candidates, landmarks: box.landmarks(Self.reference), count: 2,
      camera: box.camera)
    #expect(chosen.contains(3))
    #expect(chosen.count == 2)
    #expect(!chosen.contains(0) && !chosen.contains(4))
  }
}
