import NIOCore
import TelemetryProtocol
import Testing

struct JSONObjectTests {
  @Test(arguments: [
    "{}", " { } ", #"{"a":1}"#, #"{"a":[1,2,{"b":null}],"c":"x"}"#, #"{"a":-0.5e+10,"b":0}"#, "{\"a\"\n:\ttrue }",
    #"{"ä":"\u00e4\ud83d\ude00\n"}"#,
  ])
  func objectsAreRead(json: String) throws {
    let object = try JSONObject(text(json))
    #expect(object.bytes == text(json))
  }

  @Test(arguments: [
    "", " ", "{", "}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{a:1}"#, #"{"a":01}"#, #"{"a":1.}"#, #"{"a":.5}"#,
    #"{"a":NaN}"#, #"{"a":Infinity}"#, #"{"a":+1}"#, #"{"a":1e}"#, #"{"a":"\x"}"#, #"{"a":"\u12"}"#, #"{"a":"b}"#,
    #"{"a":1}x"#, #"{"a":1}{}"#, "{\"a\":\"\u{1}\"}", #"{"a":tru}"#, #"{"a":[1 2]}"#, #"{"a":-}"#,
  ])
  func whatBreaksTheGrammarIsRefused(json: String) {
    let found = reject { () throws(TelemetryReject) in _ = try JSONObject(text(json)) }
    guard case .malformed = found else {
      Issue.record("\(json): \(String(describing: found))")
      return
    }
  }

  @Test(arguments: ["[]", "[1]", "\"x\"", "1", "-1", "true", "null", "  [1]"])
  func otherValuesAreNoObjects(json: String) {
    #expect(reject { () throws(TelemetryReject) in _ = try JSONObject(text(json)) } == .notAnObject)
  }

  @Test func limitsHoldBeforeAnythingIsKept() {
    var limits = TelemetryLimits()
    limits.textBytes = 20
    let long = reject { () throws(TelemetryReject) in
      _ = try JSONObject(text(#"{"a":"aaaaaaaaaaaaaaaaaa"}"#), limits: limits)
    }
    #expect(long == .oversized(bytes: 26, limit: 20))
    let deep = text(#"{"a":"# + String(repeating: "[", count: 40) + String(repeating: "]", count: 40) + "}")
    #expect(reject { () throws(TelemetryReject) in _ = try JSONObject(deep) } == .tooDeep(limit: 32))
    // Deeper than any stack, if it were followed.
    let abyss = text(#"{"a":"# + String(repeating: "{\"a\":", count: 10_000))
    #expect(reject { () throws(TelemetryReject) in _ = try JSONObject(abyss) } == .tooDeep(limit: 32))
    let many = text("{" + (0..<600).map { "\"k\($0)\":0" }.joined(separator: ",") + "}")
    #expect(reject { () throws(TelemetryReject) in _ = try JSONObject(many) } == .tooManyMembers(limit: 512))
  }

  @Test func membersAreFound() throws {
    let object = try JSONObject(
      text(
        #"{"t":"a\"b\\\/\u0041\ud83d\ude00\ud800x","n":-12.5,"i":9007199254740993,"o":{"x":1},"b":true,"z":null,"n":2}"#
      ))
    #expect(object.text("t") == "a\"b\\/A😀\u{FFFD}x")
    #expect(object.number("n") == 2)  // The last one counts.
    #expect(object.integer("i") == 9_007_199_254_740_993)
    #expect(object.object("o")?.number("x") == 1)
    #expect(object.boolean("b") == true)
    #expect(!object.has("z"))
    #expect(!object.has("q"))
    #expect(object.raw("o") == text(#"{"x":1}"#))
    #expect(object.names == ["t", "n", "i", "o", "b", "z", "n"])
  }

  @Test(arguments: [
    ("1763855474123456789", 1_763_855_474_123_456_789), ("\"1763855474123456789\"", 1_763_855_474_123_456_789),
    ("0", 0), ("9223372036854775807", Int64.max), ("1.5e3", 1500), ("\"12.75\"", 12), ("1000.9", 1000),
  ])
  func timesAreExact(json: String, nanos: Int64) throws {
    #expect(try JSONObject(text("{\"t\":\(json)}")).nanoseconds("t") == nanos)
  }

  @Test(arguments: [
    "-1", "\"-1\"", "9223372036854775808", "1e400", "-1e400", "\"nan\"", "\"inf\"", "\"\"", "true", "[]", "{}",
    "\"x\"", "1e19", "\"99999999999999999999999999999999999999999\"",
  ])
  func impossibleTimesAreRefused(json: String) throws {
    let object = try JSONObject(text("{\"t\":\(json)}"))
    #expect(reject { () throws(TelemetryReject) in _ = try object.nanoseconds("t") } == .timestamp)
  }
}
