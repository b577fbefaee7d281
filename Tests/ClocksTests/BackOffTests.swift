import Clocks
import MediaModel
import Testing

@Suite struct BackOffTests {
  @Test func waitsDoubleUpToTheLimitAndStartOverAfterASuccess() {
    var backOff = BackOff()
    #expect((0..<6).map { _ in backOff.failed().seconds } == [2, 4, 8, 16, 30, 30])
    backOff.succeeded()
    #expect(backOff.failed().seconds == 2)
  }

  @Test func limitBelowTheFirstWaitHoldsFromTheSecondOn() {
    var backOff = BackOff(first: .seconds(1), longest: .seconds(1))
    #expect((0..<3).map { _ in backOff.failed().seconds } == [1, 1, 1])
  }
}
