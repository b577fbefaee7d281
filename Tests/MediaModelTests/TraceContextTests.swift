import MediaModel
import Testing

@Suite struct TraceContextTests {
  /// The example of W3C Trace Context §3.2.3.
  private let example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

  @Test func headerIsReadAndWritten() throws {
    let trace = try #require(TraceContext(header: example))
    #expect(trace.traceID == "4bf92f3577b34da6a3ce929d0e0e4736" && trace.spanID == "00f067aa0ba902b7")
    #expect(trace.isSampled && trace.header == example)
    let other = try #require(TraceContext(header: example.dropLast(2) + "00"))
    #expect(!other.isSampled && other.header.hasSuffix("-00"))
  }

  @Test func laterVersionsMayHaveMore() {
    #expect(TraceContext(header: "01" + example.dropFirst(2) + "-more") != nil)
    #expect(TraceContext(header: example + "-more") == nil)
  }

  @Test(arguments: [
    "", "00", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
    "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
    "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
    "00-4bf92f3577b34da6a3ce929d0e0e473ä-00f067aa0ba902b7-01",
    "0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
  ])
  func malformedHeadersAreNone(_ header: String) { #expect(TraceContext(header: header) == nil) }
}
