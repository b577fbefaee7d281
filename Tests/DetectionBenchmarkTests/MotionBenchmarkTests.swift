import DetectionBenchmark
import MediaModel
import Testing

@Suite struct MotionBenchmarkTests {
  @Test func aFlightIsMeasured() throws {
    let row = try MotionBenchmark.run(seed: 5, seconds: 2, resolution: Resolution(width: 320, height: 180))
    #expect(row.frames == 30)
    #expect(row.framesPerSecond > 0)
    #expect((0...1).contains(row.precision) && (0...1).contains(row.recall))
    #expect(MotionBenchmark.table([row]).contains("| 5 | 30 |"))
  }
}
