import Testing
import TritonBackend

@Suite struct TritonOptionsTests {
  @Test(arguments: [
    ("triton", "triton", 8001), ("127.0.0.1:9001", "127.0.0.1", 9001), ("[::1]:7", "::1", 7),
    ("gpu.local", "gpu.local", 8001),
  ]) func readsWhereTheServerIs(text: String, host: String, port: Int) throws {
    let options = try #require(TritonOptions(text))
    #expect((options.host, options.port) == (host, port))
  }

  @Test(arguments: ["", ":8001", "triton:0", "triton:65536", "http://triton:8001", "a b", "triton:9999999999999"])
  func refusesAnythingElse(text: String) {
    #expect(TritonOptions(text) == nil)
  }
}
