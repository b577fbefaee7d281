import Logging
import Observability
import Testing

@Suite struct LineLogHandlerTests {
  let sink = MemoryLogSink()

  func logger(_ format: LogFormat, nanos: Int64 = 1_769_860_800_123_000_000) -> Logger {
    Logger(label: "relay") { label in
      LineLogHandler(label: label, level: .debug, format: format, sink: sink, wallNanos: { nanos })
    }
  }

  @Test func textPutsMetadataInOrder() {
    logger(.text).info("reader attached", metadata: [.transport: "rtsp tcp", .stream: "drone", .count: "3"])
    #expect(
      sink.lines == [
        "2026-01-31T12:00:00.123Z info relay reader attached count=3 net.transport=\"rtsp tcp\" stream.id=drone\n"
      ])
  }

  @Test func jsonIsOneObjectALine() {
    logger(.json).warning("disk \"full\"", metadata: [.file: "a\\b\n\u{1}", .reason: ""])
    #expect(
      sink.lines == [
        #"{"time":"2026-01-31T12:00:00.123Z","level":"warning","logger":"relay","message":"disk \"full\"","#
          + #""file":"a\\b\n\u0001","reason":""}"# + "\n"
      ])
  }

  @Test func clientsCannotForgeRecords() {
    logger(.text).info("hello\n2026 error", metadata: [.reason: "x\ny=z"])
    #expect(sink.lines.count == 1)
    #expect(sink.lines[0].dropLast().contains("\n") == false)
  }

  @Test func recordsBelowTheLevelAreLeftOut() {
    logger(.text).trace("frame", metadata: [.frame: "1"])
    #expect(sink.lines.isEmpty)
  }

  @Test func loggerMetadataIsMerged() {
    var logger = logger(.text)
    logger[metadataKey: "stream.id"] = "a"
    logger.debug("x", metadata: [.frame: "7"])
    #expect(sink.lines[0].hasSuffix("debug relay x frame.seq=7 stream.id=a\n"))
  }

  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (951_782_399_999_000_000, "2000-02-28T23:59:59.999Z"),
      (951_782_400_000_000_000, "2000-02-29T00:00:00.000Z"), (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000Z"),
      (-1_000_000, "1969-12-31T23:59:59.999Z"),
    ] as [(Int64, String)])
  func timestamps(nanos: Int64, text: String) {
    logger(.text, nanos: nanos).info("x")
    #expect(sink.lines == ["\(text) info relay x\n"])
  }
}
