import MotionDetection
import Testing

@Suite struct FadingMeanTests {
  @Test func beginsWithWhatIsExpected() { #expect(FadingMean(0.5).value == 0.5) }

  /// What was expected counts like one frame.
  @Test func isTheMeanOfAllAtFirst() {
    var mean = FadingMean(1)
    for sample in [Float](arrayLiteral: 3, 5) { mean.take(sample) }
    #expect(abs(mean.value - 3) < 1e-5)
  }

  @Test func forgetsWhatIsOld() {
    var mean = FadingMean(0)
    for _ in 0..<100 { mean.take(1) }
    #expect(abs(mean.value - 1) < 0.001)
    mean.take(0)
    #expect(abs(mean.value - 0.9) < 0.001)
  }
}
