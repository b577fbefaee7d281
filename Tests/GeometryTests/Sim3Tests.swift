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
}
