import MediaModel
import Relay
import Testing

@Suite struct AgeHistogramTests {
  @Test func quantilesLieInTheBucketOfTheirValue() throws {
    var ages = AgeHistogram()
    for millis in 1...100 { ages.record(.milliseconds(Int64(millis))) }
    let median = try #require(ages.quantile(0.5)).milliseconds
    // A bucket ends at most half above where it begins.
    #expect(median >= 50 && median <= 75)
    let high = try #require(ages.quantile(0.99)).milliseconds
    #expect(high >= 99 && high <= 150)
  }

  @Test func nothingRecordedHasNoQuantile() { #expect(AgeHistogram().quantile(0.5) == nil) }

  @Test func extremesDoNotTrap() {
    var ages = AgeHistogram()
    ages.record(Nanoseconds(-5))
    ages.record(Nanoseconds(.max))
    #expect(ages.count == 2)
  }

  @Test func mergeAddsCounts() {
    var (left, right) = (AgeHistogram(), AgeHistogram())
    left.record(.milliseconds(1))
    right.record(.milliseconds(2))
    left.merge(right)
    #expect(left.count == 2)
  }
}
