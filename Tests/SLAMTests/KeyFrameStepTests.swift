import Geometry
import SLAM
import TestSupport
import Testing

@Suite struct KeyFrameStepTests {
  private func pose(_ generator: inout SeededGenerator, _ size: Double) -> SE3 {
    func three() -> SIMD3<Double> {
      SIMD3((0..<3).map { _ in Double.random(in: -size...size, using: &generator) })
    }
    return SE3(rotation: .exp(three()), translation: three())
  }

  @Test(arguments: 0..<20 as Range<UInt64>) func endsWhereTheKeyFramesAre(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let (tracked, adjusted, between) = (pose(&generator, 0.5), pose(&generator, 0.5), pose(&generator, 0.5))
    let step = KeyFrameStep(tracked: tracked, adjusted: adjusted)
    let (first, next) = (step.moved(between, share: 0), step.moved(tracked, share: 1))
    #expect((first.inverse * between).log.linear.norm < 1e-12)
    #expect((next.translation - adjusted.translation).norm < 1e-12)
    #expect((next.rotation.inverse * adjusted.rotation).angle < 1e-7)
    let same = KeyFrameStep(tracked: tracked, adjusted: tracked).moved(between, share: 0.3)
    #expect((same.translation - between.translation).norm < 1e-12)
  }

  /// What the map's scale changes by reaches every frame: even motion stays even, without a jump at the end.
  @Test(arguments: [0.8, 0.95, 1.05, 1.3]) func keepsEvenMotionEven(growth: Double) {
    let direction = SIMD3(0.4, -0.1, 1.2)
    let step = KeyFrameStep(
      tracked: SE3(rotation: .identity, translation: direction),
      adjusted: SE3(rotation: .identity, translation: growth * direction))
    for number in 0...10 {
      let share = Double(number) / 10
      let moved = step.moved(SE3(rotation: .identity, translation: share * direction), share: share)
      #expect((moved.translation - share * growth * direction).norm < 1e-12)
    }
  }
}
