import Geometry
import Testing

@Suite struct Sim3Tests {
  private let aFromB = Sim3(
    scale: 2.5, rotation: .exp(SIMD3(0.3, -0.8, 0.4)), translation: SIMD3(1, -2, 0.5))
  private let bFromC = Sim3(
    scale: 0.3, rotation: .exp(SIMD3(-1.2, 0.1, 0.7)), translation: SIMD3(-4, 0.2, 3))
  private let point = SIMD3(0.7, -1.3, 2.2)

  @Test func inverseUndoes() {
    #expect((aFromB.inverse * (aFromB * point) - point).norm < 1e-12)
    #expect((aFromB * aFromB.inverse * point - point).norm < 1e-12)
  }

  @Test func productsChain() {
    #expect((aFromB * bFromC * point - aFromB * (bFromC * point)).norm < 1e-12)
    let inverse = (aFromB * bFromC).inverse
    #expect((inverse * point - bFromC.inverse * (aFromB.inverse * point)).norm < 1e-11)
  }

  @Test func movedPosesSeeTheSame() {
    let bFromCamera = SE3(rotation: .exp(SIMD3(0.2, 0.5, -0.1)), translation: SIMD3(3, 1, -1))
    let aFromCamera = aFromB.moved(bFromCamera)
    // A point in front of the camera is at the same bearing, 2.5 times as far.
    let seenBefore = bFromCamera.inverse * point
    let seenAfter = aFromCamera.inverse * (aFromB * point)
    #expect((seenAfter - 2.5 * seenBefore).norm < 1e-12)
  }

  @Test func rigidMotionsAreSimilarities() {
    let rigid = SE3(rotation: .exp(SIMD3(0.2, 0.5, -0.1)), translation: SIMD3(3, 1, -1))
    #expect((Sim3(rigid) * point - rigid * point).norm < 1e-12)
  }

  @Test func theLogarithmUndoesTheExponential() {
    for (angle, logScale) in [(0.0, 0.0), (1e-7, 1e-7), (1e-3, 1e-4), (0.5, 0.3), (3, -1), (1e-5, 0.7), (2, 1e-6)] {
      let tangent = Sim3.Tangent(
        linear: SIMD3(0.3, -1, 2), angular: angle * SIMD3(2, -1, 2) / 3, logScale: logScale)
      let back = Sim3.exp(tangent).log
      #expect((back.linear - tangent.linear).norm < 1e-9)
      #expect((back.angular - tangent.angular).norm < 1e-9 && abs(back.logScale - logScale) < 1e-12)
    }
  }

  @Test func theExponentialIsTheFlowOfTheTangent() {
    let tangent = Sim3.Tangent(linear: SIMD3(0.3, -1, 2), angular: SIMD3(0.4, 0.9, -0.2), logScale: -0.6)
    // Many small steps of the midpoint rule.
    var point = SIMD3(1.0, 2, 3)
    let start = point
    func velocity(_ x: SIMD3<Double>) -> SIMD3<Double> {
      tangent.angular.cross(x) + tangent.logScale * x + tangent.linear
    }
    let steps = 4_000
    for _ in 0..<steps {
      let middle = point + velocity(point) / Double(2 * steps)
      point += velocity(middle) / Double(steps)
    }
    #expect((Sim3.exp(tangent) * start - point).norm < 1e-6)
  }
}
