import Logging
import MediaModel
import Observability
import Testing

@Suite struct RateLimitedLogTests {
  func at(_ seconds: Double) -> HostTime { HostTime(nanos: Nanoseconds.seconds(seconds).value) }

  @Test func burstThenSummary() {
    var log = RateLimitedLog(burst: 2, interval: .seconds(10))
    #expect(log.event(at: at(100)) == .log(suppressedBefore: 0))
    #expect(log.event(at: at(101)) == .log(suppressedBefore: 0))
    for _ in 0..<7 { #expect(log.event(at: at(105)) == .suppress) }
    #expect(log.event(at: at(110)) == .log(suppressedBefore: 7))
    #expect(log.event(at: at(111)) == .log(suppressedBefore: 0))
    #expect(log.event(at: at(112)) == .suppress)
    #expect(log.takeSuppressed() == 1)
    #expect(log.takeSuppressed() == 0)
  }

  @Test func loggerLimitsEachMessage() {
    let sink = MemoryLogSink()
    let logger = RateLimitedLogger(
      Logger(label: "x") { LineLogHandler(label: $0, level: .debug, format: .text, sink: sink, wallNanos: { 0 }) },
      burst: 1, interval: .seconds(1))
    for _ in 0..<3 { logger.log(level: .debug, "bad packet", at: at(0), metadata: [.reason: "short"]) }
    logger.log(level: .debug, "other", at: at(0))
    logger.log(level: .debug, "bad packet", at: at(2), metadata: [.reason: "short"])
    logger.log(level: .debug, "bad packet", at: at(2))
    logger.flush(level: .info)
    #expect(
      sink.lines.map { $0.split(separator: " ", maxSplits: 1)[1] } == [
        "debug x bad packet reason=short\n", "debug x other\n", "debug x bad packet reason=short suppressed=2\n",
        "info x messages left out reason=\"bad packet\" suppressed=1\n",
      ])
  }
}
