import BusBenchmark
import Testing

@Suite struct BusBenchmarkReportTests {
  private typealias Measurement = BusBenchmarkReport.Measurement

  @Test func rowsAreMediansAndRatiosAreOfRoundsSideBySide() throws {
    var report = BusBenchmarkReport(windowMessages: 64, windowBytes: 8 << 20)
    report.add(
      payload: "sample", bodyBytes: 1_000,
      [
        (.worldsystem, [1, 4, 2].map { Measurement(messages: 1_000, seconds: $0, cpuSeconds: 0.1) }),
        (.librabbitmq, [2, 4, 1].map { Measurement(messages: 1_000, seconds: $0, cpuSeconds: 0.2) }),
      ])
    let ours = try #require(report.rows.first)
    #expect(ours.messagesPerSecond == 500 && ours.megabytesPerSecond == 0.5)
    #expect(ours.cpuSecondsPer100kMessages == 10)
    // 2, 1 and a half times as fast.
    #expect(ours.timesLibrabbitmq == 1 && ours.timesPika == nil)
    #expect(report.rows[1].timesLibrabbitmq == nil)
    #expect(report.text.contains("| sample | 1000 | worldsystem | 500 | 0.5 | 10.00 | 1.00 |  |"))
  }

  @Test func medianOfAnEvenNumberIsBetweenTheMiddleTwo() {
    #expect(BusBenchmarkReport.median([4, 1, 3, 2]) == 2.5)
    #expect(BusBenchmarkReport.median([7]) == 7)
  }
}
