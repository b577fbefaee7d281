import MotionDetection
import Testing

@Suite struct ObjectJudgeTests {
  private typealias Measure = ObjectJudge.Measure

  @Test func treesAreComplete() {
    let ends = 1 << JudgeTrees.levels
    #expect(JudgeTrees.values.count % ends == 0)
    #expect(JudgeTrees.measures.count == JudgeTrees.values.count / ends * (ends - 1))
    #expect(JudgeTrees.limits.count == JudgeTrees.measures.count)
    #expect(JudgeTrees.measures.allSatisfy { Measure.allCases.indices.contains($0) })
    #expect(Measure.allCases.count <= SIMD32<Float>.scalarCount)
  }

  /// Something that has long been seen moving, and whose findings agree with it, against something that has not.
  @Test func whatIsSeenOftenAndAgreesIsLikelier() {
    var sure = SIMD32<Float>.zero
    let values: [(Measure, Float)] = [
      (.odds, 2), (.hits, 4), (.overlap, 0.8), (.misfit, 0.2), (.unrest, -2), (.unity, 0.95), (.straightness, 0.95),
      (.distance, 0.5), (.support, 0.5), (.inside, 0.8), (.outside, -0.7), (.fill, 0.7), (.bare, 0.7), (.gain, 0.5),
      (.patches, 3), (.boxAgreement, 0.85), (.agreement, 0.75), (.size, 4), (.speed, -3), (.seen, 1), (.oddsInside, 3),
      (.oddsOutside, -2), (.steadiness, 0.9), (.contrast, 0.5), (.age, 4),
    ]
    for (measure, value) in values { sure[measure.rawValue] = value }
    var unsure = sure
    for (measure, value) in [(Measure.odds, Float(-1)), (.hits, 1), (.overlap, 0.3), (.agreement, 0.3), (.bare, 0.2)] {
      unsure[measure.rawValue] = value
    }
    #expect(ObjectJudge.confidence(sure) > 0.8)
    #expect(ObjectJudge.confidence(unsure) < 0.5)
  }
}
