import DetectionBenchmark
import MediaModel
import Testing

@Suite struct DetectionScoreTests {
  private func truth(_ id: Int, _ left: Float, isWanted: Bool = true) -> DetectionScore.Truth {
    DetectionScore.Truth(id: id, box: SIMD4(left, 0, left + 10, 10), isWanted: isWanted)
  }

  private func result(_ id: Int, _ left: Float) -> TrackedObject {
    TrackedObject(id: id, label: "", score: 1, box: SIMD4(left, 0, left + 10, 10))
  }

  @Test func whatIsThereIsFoundMissedOrWrong() {
    var score = DetectionScore()
    // At 3 pixels aside the overlap is 7/13, at 4 pixels 6/14.
    score.add(truth: [truth(1, 0), truth(2, 50), truth(3, 100)], results: [result(7, 3), result(8, 54)])
    #expect((score.found, score.missed, score.wrong) == (1, 2, 1))
    #expect(score.precision == 0.5)
    #expect(abs(score.recall - 1.0 / 3) < 1e-12)
  }

  @Test func whatNeedNotBeFoundCountsNeitherWay() {
    var score = DetectionScore()
    score.add(truth: [truth(1, 0, isWanted: false)], results: [result(7, 2)])
    score.add(truth: [truth(1, 0, isWanted: false)], results: [])
    #expect((score.found, score.missed, score.wrong) == (0, 0, 0))
  }

  @Test func oneResultIsNotTwoObjects() {
    var score = DetectionScore()
    score.add(truth: [truth(1, 0), truth(2, 2)], results: [result(7, 1)])
    #expect((score.found, score.missed, score.wrong) == (1, 1, 0))
  }

  @Test func anotherNameIsASwitchAlsoAfterAGap() {
    var score = DetectionScore()
    score.add(truth: [truth(1, 0)], results: [result(7, 0)])
    score.add(truth: [truth(1, 0)], results: [])
    score.add(truth: [truth(1, 0)], results: [result(8, 0)])
    score.add(truth: [truth(1, 0)], results: [result(8, 0)])
    #expect(score.switches == 1)
    #expect(score.frames == 4)
  }

  @Test func whoWasMatchedStaysMatched() {
    var score = DetectionScore()
    score.add(truth: [truth(1, 0)], results: [result(7, 0)])
    // The other fits better now, yet the object keeps its name while that fits at all.
    score.add(truth: [truth(1, 0)], results: [result(7, 3), result(8, 0)])
    #expect(score.switches == 0)
    #expect((score.found, score.wrong) == (2, 1))
  }
}
